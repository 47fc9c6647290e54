import { createHash } from 'node:crypto'
import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { failure } from '../../domain/failures.js'
import { mustHaveSum } from './checksum.js'
import type { FileToPut } from './port.js'

/** Files of this machine, written beside their place and moved in one step. @throws TARGET_REFUSED with what the machine said */
export async function putFile({ path, content, mode, sha256 }: FileToPut): Promise<void> {
  mustHaveSum(path, content, sha256)
  const draft = `${path}.${sha256.slice(0, 12)}.part` // the next try writes the same one: nothing is left lying about
  try {
    const there = await stat(path).catch(() => null)
    if (there?.isFile() && (there.mode & 0o7777) === mode && createHash('sha256').update(await readFile(path)).digest('hex') === sha256) return
    await mkdir(dirname(path), { recursive: true })
    const file = await open(draft, 'w', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally { await file.close() }
    await chmod(draft, mode)
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined)
    throw refusal(path, error)
  }
}

export async function readStart(path: string, maxBytes: number): Promise<Buffer | null> {
  try {
    const file = await open(path)
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes), 0, maxBytes, 0)
      return buffer.subarray(0, bytesRead)
    } finally { await file.close() }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw refusal(path, error)
  }
}

const refusal = (path: string, error: unknown): Error => failure('TARGET_REFUSED', `this machine, ${path}: ${(error as Error).message}`)

import { randomBytes } from 'node:crypto'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { failure } from '../../domain/failures.js'

/** The bytes of a gateway's configuration file; null when there is none. @throws TARGET_UNREACHABLE when it cannot be read */
export async function readConfig(path: string): Promise<string | null> {
  try { return await readFile(path, 'utf8') } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw failure('TARGET_UNREACHABLE', `${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`)
  }
}

/**
 * Put a whole file in place by one rename, with the mode and owner of the one before: who reads it sees the old one or the new one.
 * @throws TARGET_UNREACHABLE when it cannot be written; then the old one is untouched
 */
export async function replaceConfig(path: string, text: string): Promise<void> {
  const draft = `${path.replace(/[^/]+$/, '')}.releasectl-${randomBytes(6).toString('hex')}` // no ending: no gateway takes it for its own
  try {
    const before = await stat(path).catch(() => null)
    await writeFile(draft, text, { mode: before ? before.mode & 0o777 : 0o644, flush: true })
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined)
    throw failure('TARGET_UNREACHABLE', `${path} cannot be written: ${(error as NodeJS.ErrnoException).code ?? String(error)}`)
  }
}

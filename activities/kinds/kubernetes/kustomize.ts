import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, normalize } from 'node:path'
import { failure } from '../../../domain/failures.js'

const LIMIT_BYTES = 32 * 1024 * 1024

/** `kubectl kustomize ./overlays/prod`. It talks to no cluster and, as the bundle has all it may use, to no other place. */
export const kustomizeArgv = (folder: string): string[] => ['kustomize', folder]

/** Build a kustomization. @param files the whole bundle, as overlays name folders beside them @throws CONFIG_INVALID with kubectl's own words */
export async function kustomized(kubectl: string, files: Record<string, string>, folder: string, signal: AbortSignal): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'releasectl-kustomize-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = join(root, normalize(`/${name}`))
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, text, { mode: 0o600 })
    }
    return await new Promise<string>((resolve, reject) => {
      execFile(kubectl, kustomizeArgv(join(root, normalize(`/${folder}`))), { maxBuffer: LIMIT_BYTES, signal, cwd: root }, (error, stdout, stderr) => {
        if (!error) resolve(stdout)
        else if (signal.aborted) reject(signal.reason as Error)
        else if (error.code === 'ENOENT') reject(failure('CONFIG_INVALID', `kustomize needs kubectl on the worker: there is no program ${kubectl}`))
        else reject(failure('CONFIG_INVALID', `kustomize ${folder}: ${(stderr.trim() || error.message).replaceAll(`${root}/`, '').slice(0, 1000)}`))
      })
    })
  } finally { await rm(root, { recursive: true, force: true }) }
}

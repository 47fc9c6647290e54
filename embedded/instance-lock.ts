import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { identify, isAlive, type ProcessIdentity } from './process-identity.js'

/**
 * Hold the data folder. A lock whose process is gone (the id lives on in another program, or not at all) is taken over.
 * @returns how to let go
 * @throws Error when another process holds it
 */
export function holdFolder(lockFile: string): () => void {
  const mine = JSON.stringify(identify(process.pid))
  const unfinished = `${lockFile}.${process.pid}`
  for (;;) {
    writeFileSync(unfinished, mine, { mode: 0o600 })
    try {
      linkSync(unfinished, lockFile) // fails when it is there, unlike a rename
      rmSync(unfinished)
      return () => { if (read(lockFile) === mine) rmSync(lockFile, { force: true }) }
    } catch (error) {
      rmSync(unfinished)
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      takeOver(lockFile)
    }
  }
}

function takeOver(lockFile: string): void {
  const found = read(lockFile)
  if (found === undefined) return
  const holder = JSON.parse(found || '{"pid":0,"startedAt":""}') as ProcessIdentity
  if (isAlive(holder)) throw new Error(`releasectl already runs on this folder as process ${holder.pid} (${lockFile}): stop it first, or start with another RELEASECTL_HOME and other ports`)
  const stale = `${lockFile}.stale.${process.pid}`
  renameSync(lockFile, stale)
  if (read(stale) !== found) renameSync(stale, lockFile) // another start took over in between: it is not stale
  else rmSync(stale)
}

function read(file: string): string | undefined {
  try { return readFileSync(file, 'utf8') } catch { return undefined }
}

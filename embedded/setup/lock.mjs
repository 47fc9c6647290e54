import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * One set-up at a time for a folder. The lock lies outside it, since `npm ci` clears node_modules; a lock whose
 * process is gone is taken away.
 */
export async function withLock(folder, say, action) {
  const lock = join(tmpdir(), `releasectl-setup-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}.lock`)
  for (let waited = false; !tryLock(lock); waited = true) {
    if (!waited) say('another set-up of this folder is under way: waiting')
    await sleep(300)
  }
  try { return await action() } finally { rmSync(lock, { recursive: true, force: true }) }
}

function tryLock(lock) {
  try {
    mkdirSync(lock)
    writeFileSync(join(lock, 'pid'), String(process.pid))
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    if (holderIsGone(lock)) rmSync(lock, { recursive: true, force: true })
    return false
  }
}

function holderIsGone(lock) {
  try {
    process.kill(Number(readFileSync(join(lock, 'pid'), 'utf8')), 0)
    return false
  } catch (error) {
    return error.code === 'ESRCH' // ENOENT: its pid is about to be written; EPERM: it belongs to another user
  }
}

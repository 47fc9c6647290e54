import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readlinkSync, renameSync, statSync, symlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const USER = 'postgres'
/** Where root's PostgreSQL lives when the project's folder is closed to other users, as /root is. */
const SHARED = '/var/lib/releasectl'

/** Who runs PostgreSQL. It refuses to run as root, so root lends it a user; everyone else runs it themselves. */
export interface PostgresUser { uid?: number, gid?: number }

export function postgresUser(): PostgresUser {
  if (process.getuid?.() !== 0) return {}
  if (!userExists()) execFileSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', USER], { stdio: 'pipe' })
  const id = (flag: string) => Number(execFileSync('id', [flag, USER], { encoding: 'utf8' }))
  return { uid: id('-u'), gid: id('-g') }
}

/** The folder; or, when a parent of it is closed to the user, one under /var/lib that a link in its place leads to. */
export function reachableFolder(folder: string, user: PostgresUser): string {
  if (user.uid === undefined || isOpen(dirname(resolve(folder)))) return folder
  const target = linkTarget(folder)
  if (target !== undefined) return target
  mkdirSync(SHARED, { recursive: true, mode: 0o755 })
  const twin = mkdtempSync(join(SHARED, 'data-'))
  symlinkSync(twin, folder)
  return twin
}

/** The folder of binaries, copied once to where the user can reach it when he cannot. */
export function reachableBinaries(folder: string, version: string, user: PostgresUser): string {
  if (user.uid === undefined || isOpen(folder)) return folder
  const copy = join(SHARED, `postgres-${version}`)
  if (!existsSync(copy)) {
    const unfinished = `${copy}.${process.pid}`
    cpSync(folder, unfinished, { recursive: true, verbatimSymlinks: true })
    if (!existsSync(copy)) renameSync(unfinished, copy)
  }
  return copy
}

function linkTarget(path: string): string | undefined {
  try { return readlinkSync(path) } catch { return undefined }
}

function userExists(): boolean {
  try { execFileSync('id', [USER], { stdio: 'pipe' }); return true } catch { return false }
}

/** Whether any user may pass through the folder and all its parents. */
function isOpen(folder: string): boolean {
  const mayPass = (statSync(folder).mode & 0o001) !== 0
  return mayPass && (folder === dirname(folder) || isOpen(dirname(folder)))
}

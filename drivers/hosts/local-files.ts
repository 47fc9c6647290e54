import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { access, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'
import { failure } from '../../domain/failures.js'

const NOT_TAKEN = ['ENOSPC', 'EDQUOT', 'EROFS', 'EACCES', 'EPERM']
const ROOM_BYTES = 16_384
const KEEP_MS = 7 * 86_400_000
const USUAL_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Readable by this user only: scripts and environments lie in it. Its name says nothing, whatever the key holds. */
export async function ownDirectory(home: string, room: 'runs' | 'services', key: string): Promise<string> {
  const directory = directoryOf(home, room, key)
  await mkdir(join(directory, 'work'), { recursive: true, mode: 0o700 })
  return directory
}
export const directoryOf = (home: string, room: 'runs' | 'services', key: string): string =>
  join(home, room, createHash('sha256').update(key).digest('hex').slice(0, 40))

/** All of the text or none, for this user only. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.${Math.random()}`
  try {
    await writeFile(draft, text, { mode: 0o600 })
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

/** @throws ENOSPC when a few small files would not fit on its disk */
export async function mustHaveRoom(directory: string): Promise<void> {
  const draft = join(directory, `room.${process.pid}.${Math.random()}`)
  try { await writeFile(draft, Buffer.alloc(ROOM_BYTES)) } finally { await rm(draft, { force: true }) }
}

/** What this machine does not take is told in its words. `doing`: `start shop/r1`. @throws TARGET_REFUSED when it has no room or we no right */
export async function takenBy<Result>(home: string, doing: string, work: Promise<Result>): Promise<Result> {
  try { return await work } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw NOT_TAKEN.includes(code) ? failure('TARGET_REFUSED', `this machine could not ${doing}, whose record lies in ${home}: ${message}`) : error
  }
}

/** What a process gets without asking. Never the worker's whole environment: it holds the installation's secrets. */
export function cleanEnvironment(given: Record<string, string>): Record<string, string> {
  const base = Object.fromEntries(['HOME', 'LANG', 'TMPDIR'].flatMap((name) => process.env[name] === undefined ? [] : [[name, process.env[name]]])) as Record<string, string>
  return { PATH: process.env['PATH'] ?? USUAL_PATH, ...base, ...given }
}

/** @throws CONFIG_INVALID when there is no such directory on this machine */
export async function existingDirectory(path: string): Promise<string> {
  const found = await stat(path).catch(() => null)
  if (!found?.isDirectory()) throw failure('CONFIG_INVALID', `workDir ${path} is no directory on this machine`)
  return resolve(path)
}

/** @throws CONFIG_INVALID when a shell would not find the command either */
export async function mustBeExecutable(command: string, workDir: string, path: string): Promise<void> {
  const places = command.includes('/') ? [resolve(workDir, command)] : path.split(delimiter).map((place) => join(place, command))
  for (const place of places) {
    if (await access(place, constants.X_OK).then(() => stat(place)).then((found) => found.isFile(), () => false)) return
  }
  throw failure('CONFIG_INVALID', `${command} is no program on this machine`)
}

/** Take away what ended more than seven days ago. `isOver` says whether a directory may go. */
export async function prune(room: string, isOver: (directory: string) => Promise<boolean>): Promise<void> {
  for (const name of await readdir(room).catch(() => [])) {
    const directory = join(room, name)
    const touched = await stat(directory).then(({ mtimeMs }) => mtimeMs, () => Date.now())
    if (Date.now() - touched > KEEP_MS && await isOver(directory)) await rm(directory, { recursive: true, force: true })
  }
}

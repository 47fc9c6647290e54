import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isObject } from '../domain/json.js'
import { readRouteBody, type Route } from './route.js'

/** What outlives the process. */
export interface EdgeState { revision: number; routes: Route[] }

/**
 * The state as it was last written. A file that cannot be understood is kept aside under another name, and `problem` says so:
 * it may hold the only record of where traffic went.
 * @throws Error when the file is there but cannot be read
 */
export async function readState(file: string): Promise<EdgeState & { problem: string | null }> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { revision: 0, routes: [], problem: null }
    throw error
  }
  try {
    return { ...parseState(text), problem: null }
  } catch (error) {
    const aside = `${file}.corrupt-${new Date().toISOString().replaceAll(':', '')}`
    await rename(file, aside)
    return { revision: 0, routes: [], problem: `state file ${file} could not be understood (${(error as Error).message}); kept as ${aside}; no route is in force` }
  }
}

/** All or nothing, and on the disk before it returns: a new file, fsync, rename, fsync of the folder. */
export async function writeState(file: string, state: EdgeState): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const next = `${file}.next`
  await synced(next, 'w', (handle) => handle.writeFile(`${JSON.stringify(state, null, 1)}\n`))
  await rename(next, file)
  await synced(dirname(file), 'r', async () => undefined)
}

async function synced(path: string, flags: string, use: (handle: Awaited<ReturnType<typeof open>>) => Promise<void>): Promise<void> {
  const handle = await open(path, flags, 0o600)
  try {
    await use(handle)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function parseState(text: string): EdgeState {
  const state: unknown = JSON.parse(text)
  if (!isObject(state) || !Number.isInteger(state['revision']) || !Array.isArray(state['routes'])) throw new Error('not an edge state')
  const routes = state['routes'].map((route: unknown): Route => {
    if (!isObject(route) || typeof route['name'] !== 'string' || !Number.isInteger(route['revision'])) throw new Error('a route without name or revision')
    const { name, revision, ...body } = route
    const { listen, ...rest } = readRouteBody(body)
    if (!listen) throw new Error(`route ${name} without listen`)
    return { name, revision: revision as number, ...rest, listen }
  })
  return { revision: state['revision'] as number, routes }
}

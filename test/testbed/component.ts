import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The first start on a machine installs packages. */
export const INSTALL_TIMEOUT_MS = 300_000

export interface Component { folder: string; port: Record<string, number>; stop: () => Promise<void> }

/**
 * Start a real component by its script, on free ports and in a folder of its own.
 * @param ports names of the environment variables that set them; `NAME+9`: the nine that follow it are its own as well
 * @param settings other environment variables of the script
 * @param args what of it, where a script starts several: `['nginx']`
 * @throws Error with the script's own words when it cannot be installed or started
 */
export async function startComponent(script: string, ports: string[], settings: Record<string, string> = {}, args: string[] = []): Promise<Component> {
  const folder = await mkdtemp(join(tmpdir(), `releasectl-${script}-`))
  const port: Record<string, number> = {}
  for (const [name = '', following] of ports.map((one) => one.split('+'))) port[name] = following === undefined ? await freePort() : await freePorts(1 + Number(following))
  const run = async (verb: string): Promise<void> => {
    await promisify(execFile)('bash', [fileURLToPath(new URL(`${script}.sh`, import.meta.url)), verb, ...args], {
      env: { ...process.env, ...settings, TESTBED_DIR: folder, ...Object.fromEntries(Object.entries(port).map(([name, value]) => [name, String(value)])) },
    })
  }
  const stop = async (): Promise<void> => { await run('stop'); await rm(folder, { recursive: true, force: true }) }
  try { await run('start') } catch (error) { await stop(); throw error }
  return { folder, port, stop }
}

/** One that nobody is given by chance before it is used. */
export const freePort = (): Promise<number> => freePorts(1)

/** Below those that a system hands out by itself (from 32768 on Linux) and that releasectl gives to containers (from 20000). */
const BLOCKS = { from: 10_000, to: 20_000 }

/** @returns the first of `count` free ports in a row */
async function freePorts(count: number): Promise<number> {
  const blocks = Math.floor((BLOCKS.to - BLOCKS.from) / count)
  const start = Math.floor(Math.random() * blocks)
  for (let n = 0; n < blocks; n += 1) {
    const first = BLOCKS.from + (start + n) % blocks * count
    const servers = await Promise.all(Array.from({ length: count }, async (_, nth) => listen(first + nth)))
    await Promise.all(servers.map(async (server) => server && closed(server)))
    if (!servers.includes(null)) return first
  }
  throw new Error(`this machine has no ${count} free ports in a row`)
}

/** Null: the port is taken. */
async function listen(port: number): Promise<Server | null> {
  const server = createServer().listen(port, '127.0.0.1')
  return new Promise((resolve) => server.once('listening', () => { resolve(server) }).once('error', () => { resolve(null) }))
}
const closed = async (server: Server): Promise<void> => new Promise((resolve) => { server.close(() => { resolve() }) })

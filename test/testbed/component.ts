import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** The first start on a machine installs packages. */
export const INSTALL_TIMEOUT_MS = 300_000

export interface Component { folder: string; port: Record<string, number>; stop: () => Promise<void> }

/**
 * Start a real component by its script, on free ports and in a folder of its own.
 * @param ports names of the environment variables that set them
 * @param settings other environment variables of the script
 * @param args what of it, where a script starts several: `['nginx']`
 * @throws Error with the script's own words when it cannot be installed or started
 */
export async function startComponent(script: string, ports: string[], settings: Record<string, string> = {}, args: string[] = []): Promise<Component> {
  const folder = await mkdtemp(join(tmpdir(), `releasectl-${script}-`))
  const port = Object.fromEntries(await Promise.all(ports.map(async (name) => [name, await freePort()] as const)))
  const run = async (verb: string): Promise<void> => {
    await promisify(execFile)('bash', [fileURLToPath(new URL(`${script}.sh`, import.meta.url)), verb, ...args], {
      env: { ...process.env, ...settings, TESTBED_DIR: folder, ...Object.fromEntries(Object.entries(port).map(([name, value]) => [name, String(value)])) },
    })
  }
  const stop = async (): Promise<void> => { await run('stop'); await rm(folder, { recursive: true, force: true }) }
  try { await run('start') } catch (error) { await stop(); throw error }
  return { folder, port, stop }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

import { createServer } from 'node:net'

/** Where the parts listen on 127.0.0.1, by the setting that changes it. */
export const DEFAULT_PORTS = {
  API_PORT: 8080, TEMPORAL_PORT: 7233, TEMPORAL_UI_PORT: 8233, POSTGRES_PORT: 54_329, EDGE_CONTROL_PORT: 8090, EDGE_PORT: 8000,
}
export type PortName = keyof typeof DEFAULT_PORTS
export type Ports = Record<PortName, number>

/** Defaults, then the environment, then what the caller says. @throws Error naming a setting that is no port */
export function choosePorts(given: Partial<Ports> = {}, environment: Record<string, string | undefined> = process.env): Ports {
  const chosen = (Object.keys(DEFAULT_PORTS) as PortName[]).map((name) => {
    const port = given[name] ?? Number(environment[name] ?? DEFAULT_PORTS[name])
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`${name}=${environment[name] ?? ''} is not a port`)
    return [name, port]
  })
  return Object.fromEntries(chosen) as Ports
}

/** @throws Error naming every port that is taken, and the setting that changes it */
export async function mustBeFree(ports: Ports, names: readonly PortName[]): Promise<void> {
  const answers = await Promise.all(names.map(async (name) => await isFree(ports[name]) ? [] : [`port ${ports[name]} is in use (set ${name} to another)`]))
  const taken = answers.flat()
  if (taken.length > 0) throw new Error(`nothing was started: ${taken.join('; ')}`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => { server.close(() => resolve(true)) })
  })
}

/** A port of 127.0.0.1 that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ port: 0, host: '127.0.0.1' }, () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** A whole set of them, for an installation beside the usual one. */
export async function freePorts(): Promise<Ports> {
  const ports = { ...DEFAULT_PORTS }
  const taken = new Set<number>()
  for (const name of Object.keys(ports) as PortName[]) {
    do ports[name] = await freePort(); while (taken.has(ports[name]))
    taken.add(ports[name])
  }
  return ports
}

import { randomBytes } from 'node:crypto'
import type { ContainerPort, PortBinding, PortHolder } from './port.js'
import { processOn } from './process-on.js'

const NOTHING = '/releasectl-runs-nothing'
const IN_USE = /address already in use|port is already allocated/i
const EVERYWHERE = ['0.0.0.0', '::']

/**
 * Who holds these ports. What no container of the engine holds is tried out by one that publishes them and whose program
 * does not exist: an engine takes the ports before it looks for the program, and gives them back when there is none.
 */
export async function findHolders(engine: ContainerPort, ports: PortBinding[], image: string, ignore: string[]): Promise<PortHolder[]> {
  const wanted = ports.filter(({ host }) => host !== 0)
  const containers = (await engine.list({})).filter(({ status }) => status !== 'exited' && status !== 'created' && status !== 'dead')
  const holders: PortHolder[] = []
  for (const port of wanted) {
    const holding = containers.filter((container) => container.ports.some((other) => collide(port, other)))
    const other = holding.find(({ name }) => !ignore.includes(name))
    if (other) holders.push({ port, by: `container ${other.name} (image ${other.image})` })
    else if (holding.length === 0 && await isRefused(engine, port, image)) holders.push({ port, by: await holderOf(engine, port) })
  }
  return holders
}

export const collide = (a: PortBinding, b: PortBinding): boolean =>
  a.host === b.host && a.protocol === b.protocol && (a.address === b.address || EVERYWHERE.includes(a.address) || EVERYWHERE.includes(b.address))

async function isRefused(engine: ContainerPort, port: PortBinding, image: string): Promise<boolean> {
  const name = `releasectl-port-${port.host}-${randomBytes(6).toString('hex')}`
  try {
    await engine.create({
      name, image, command: [], entrypoint: [NOTHING], environment: {}, labels: { 'releasectl.probe': 'port' }, ports: [port], restart: 'no', cpus: null, memoryBytes: null, pids: null,
      volumes: [], networks: [], aliases: [], healthcheck: { command: ['NONE'], intervalMs: 0, timeoutMs: 0, startPeriodMs: 0, retries: 0 }, user: null, workDir: null, log: { maxSize: '1m', maxFiles: 1 },
    })
    await engine.start(name)
    return false
  } catch (error) {
    const { type, message } = error as { type?: string; message: string }
    if (type !== 'TARGET_REFUSED') throw error
    return IN_USE.test(message)
  } finally { await engine.remove(name) }
}

/** On this machine its process can be named. */
async function holderOf({ where }: ContainerPort, { host }: PortBinding): Promise<string> {
  return (where.startsWith('unix://') ? await processOn(host) : null) ?? 'a process of the engine\'s machine'
}

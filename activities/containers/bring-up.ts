import { createHash } from 'node:crypto'
import { ApplicationFailure } from '@temporalio/common'
import type { ContainerPort, ContainerState, PortBinding } from '../../drivers/containers/port.js'
import type { Unnamed } from './container-spec.js'
import { containerName, LABEL, releaseLabels, type Service } from './service.js'

/** Ports that are given where a plan names none: below those that systems hand out themselves. */
const PORTS = { from: 20_000, count: 10_000 }
const TRIES = 20
const TAKEN = /in use|already allocated|name is taken/

/**
 * One container of a release, made and started, or adopted as far as it is there: found by its labels, never by memory.
 * A port that the plan leaves open is settled here, so that it stays the same however often the container is started.
 * @throws TARGET_REFUSED, TARGET_UNREACHABLE
 */
export async function bringUp(engine: ContainerPort, service: Service, spec: Unnamed): Promise<ContainerState> {
  for (let n = 1; ; n += 1) {
    const name = await made(engine, service, spec, n)
    try {
      await engine.start(name)
      const state = await engine.inspect(name)
      if (state) return state
    } catch (error) {
      const isOpen = spec.ports.some(({ host }) => host === 0)
      if (n >= TRIES || !isOpen || !isRefused(error, TAKEN)) throw error
      const there = await engine.inspect(name)
      if (there?.status === 'running') return there // another try has started it meanwhile
      // It never ran: another port is settled for it. By its id, as another try may have made the next one under its name.
      if (there?.status === 'created') await engine.remove(there.id)
    }
  }
}

/** Its name, once it is there. */
async function made(engine: ContainerPort, service: Service, spec: Unnamed, nth: number): Promise<string> {
  const { [LABEL.release]: releaseId = '', [LABEL.version]: version = '', [LABEL.index]: index = '1', [LABEL.spec]: hash = '' } = spec.labels
  for (let tries = 1; ; tries += 1) {
    const there = await engine.list({ ...releaseLabels(service, releaseId), [LABEL.index]: index })
    const same = there.find(({ labels }) => labels[LABEL.spec] === hash)
    for (const other of there) if (other !== same) await engine.remove(other.id) // of an earlier try with other values
    if (same && same.status !== 'removing' && same.status !== 'dead') {
      await engine.create({ ...spec, name: same.name, ports: same.ports }) // in all its networks, if it was half made
      return same.name
    }
    const name = await freeName(engine, service, version, Number(index))
    try {
      await engine.create({ ...spec, name, ports: await settled(engine, spec, `${releaseId}/${index}`, nth) })
      // Two tries at the same moment may have made one each: the older one is it, for both.
      const [oldest] = (await engine.list({ ...releaseLabels(service, releaseId), [LABEL.index]: index })).filter(({ labels }) => labels[LABEL.spec] === hash)
      if (oldest && oldest.name !== name) await engine.remove(name)
      return oldest?.name ?? name
    } catch (error) {
      if (tries >= TRIES || !isRefused(error, /name is taken/)) throw error
    }
  }
}

async function freeName(engine: ContainerPort, service: Service, version: string, from: number): Promise<string> {
  for (let n = from; ; n += 1) {
    const name = containerName(service, version, n)
    if (await engine.inspect(name) === null) return name
  }
}

/** Open ports filled in: the same for the same release, but for those that a container has, running or not. */
async function settled(engine: ContainerPort, { ports }: Unnamed, key: string, nth: number): Promise<PortBinding[]> {
  if (ports.every(({ host }) => host !== 0)) return ports
  const used = new Set((await engine.list({})).flatMap((container) => container.ports.map(({ host }) => host)))
  let n = nth
  return ports.map((port) => {
    let { host } = port
    for (; host === 0 || (port.host === 0 && used.has(host)); n += 1) host = PORTS.from + createHash('sha256').update(`${key}/${n}`).digest().readUInt32BE() % PORTS.count
    used.add(host)
    return { ...port, host }
  })
}

const isRefused = (error: unknown, words: RegExp): boolean => error instanceof ApplicationFailure && error.type === 'TARGET_REFUSED' && words.test(error.message)

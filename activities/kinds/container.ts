import { failure } from '../../domain/failures.js'
import type { Json } from '../../domain/json.js'
import type { ContainerCopy, ContainerState } from '../../drivers/containers/port.js'
import type { ContainerConfig } from '../../plan/kinds/container.js'
import { bringUp } from '../containers/bring-up.js'
import { fetchImage, type WantedImage } from '../containers/fetch-image.js'
import { followLogs } from '../containers/follow-logs.js'
import { prune, retireContainer } from '../containers/retire.js'
import { LABEL, serviceLabels } from '../containers/service.js'
import { bringBack } from '../containers/take-back.js'
import { untilUp } from '../containers/until-up.js'
import type { JobContext, KindRunner } from '../kind-runner.js'
import { containerJob, imageOf, isRecreated, own, portsOf, running, specOf, upOf, type ContainerJob } from './container-job.js'
import { previewContainer } from './container-preview.js'

/** What ran before, exactly, and what the new image was then. */
interface Before { containers: ContainerCopy[]; digest: string | null }

/** Replaces a service's containers. Whatever is there of this release already is adopted, by its labels. */
export const containerRunner: KindRunner<ContainerConfig> = {
  async snapshot(config, context) {
    const job = await containerJob(config, context)
    const copies = await Promise.all((await running(job, config)).map(({ name }) => job.engine.copy(name)))
    const { digest } = await imageOf(job, config, await own(job), null)
    return { containers: copies.filter((copy) => copy !== null), digest } satisfies Before as unknown as Json
  },

  async execute(config, context) {
    const job = await containerJob(config, context)
    const { engine, service, releaseId, say } = job
    const image = await imageOf(job, config, await own(job), ((await context.before()) as Before | null)?.digest ?? null)
    const { id } = await fetchImage(engine, image, job.login, say, context.signal)
    const before = await running(job, config)
    const first = isRecreated(config)
    await mustHavePorts(job, config, image, first ? before : [])
    if (first) await stopAll(job, before)
    const up = await startAll(job, config, image, context)
    if (!first) await stopAll(job, before)
    await prune(engine, service, { current: releaseId, keep: config.keep, repository: image.repository, say })
    const [one] = up
    const usage = one && await engine.stats(one.name)
    if (one && usage) say(`${one.name} takes ${(usage.memoryBytes / 1024 ** 2).toFixed(1)} MiB and has used ${usage.cpuSeconds.toFixed(2)} s of processor time`)
    return {
      outputs: { containers: up.map(({ name }) => name), digest: image.digest, image: image.reference, imageId: id, ports: up.flatMap(({ ports }) => ports.map(({ host }) => host)), tagMoved: image.moved !== null, version: job.version },
      message: [`${up.map(({ name }) => name).join(', ')} ${up.length === 1 ? 'runs' : 'run'} ${image.reference}`, ...before.map(({ name }) => `${name} stopped`), ...image.moved === null ? [] : [image.moved]].join('; '), artifacts: [],
    }
  },

  async rollback(config, snapshot, context) {
    const job = await containerJob(config, context)
    const { engine, say } = job
    const { containers } = snapshot as unknown as Before
    const mine = await own(job)
    // The old ones may need the new ones' ports.
    const isAll = (await Promise.all(containers.map(async ({ name, imageId }) => { const state = await engine.inspect(name); return state?.status === 'running' && state.imageId === imageId }))).every(Boolean)
    if (!isAll) await stopAll(job, mine)
    for (const copy of containers) await bringBack(engine, copy, job.login, say, context.signal)
    for (const { name, running: ran } of containers) if (ran) await untilUp(engine, name, { ...upOf(config, engine, null), url: null }, context.signal)
    for (const { name } of mine) { await engine.remove(name); say(`removed container ${name}`) }
  },

  preview: previewContainer,

  async uninstall(config, context) {
    const job = await containerJob(config, context)
    const all = await job.engine.list(serviceLabels(job.service))
    await stopAll(job, all.filter(({ status }) => status === 'running' || status === 'restarting' || status === 'paused'))
    for (const { name } of all) await job.engine.remove(name)
    const images = new Set(all.map(({ imageId }) => imageId))
    for (const id of images) await job.engine.removeImage(id, all.find(({ imageId }) => imageId === id)?.image.split('@')[0] ?? '')
    return { outputs: { removed: all.map(({ name }) => name) }, message: all.length === 0 ? 'no container was there' : `removed ${all.map(({ name }) => name).join(', ')}`, artifacts: [] }
  },
}

/** Before anything is stopped. @throws TARGET_REFUSED naming who holds a port */
async function mustHavePorts(job: ContainerJob, config: ContainerConfig, image: WantedImage, going: ContainerState[]): Promise<void> {
  const ports = Array.from({ length: config.replicas }, (_, n) => portsOf(config, n + 1)).flat()
  const ignore = [...going, ...await own(job)].map(({ name }) => name)
  const holders = await job.engine.portHolders(ports, image.reference, ignore)
  if (holders.length === 0) return
  const taken = holders.map(({ port, by }) => `port ${port.host} is taken by ${by}`).join('; ')
  throw failure('TARGET_REFUSED', `${taken} on engine ${job.engine.where}: nothing was stopped or started`)
}

async function startAll(job: ContainerJob, config: ContainerConfig, image: WantedImage, context: JobContext): Promise<ContainerState[]> {
  const { engine, service, say } = job
  const started: ContainerState[] = []
  for (let index = 1; index <= config.replicas; index += 1) started.push(await bringUp(engine, service, specOf(job, config, image, index, context)))
  for (const { name, labels } of await own(job)) if (Number(labels[LABEL.index]) > config.replicas) await engine.remove(name) // of a try that wanted more
  const logs = followLogs(engine, started.map(({ name }) => name), (stream, offset, text) => { context.log(stream, offset, text) })
  try {
    const up: ContainerState[] = []
    for (const state of started) up.push(await untilUp(engine, state.name, upOf(config, engine, state), context.signal))
    say(`${up.map(({ name }) => name).join(', ')}: healthy`)
    return up
  } finally { await logs.stop() }
}

async function stopAll({ engine, graceMs, say }: ContainerJob, containers: ContainerState[]): Promise<void> {
  for (const state of containers) { await retireContainer(engine, state, graceMs); say(`stopped container ${state.name}`) }
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { createRolloutActivities } from '../../activities/rollout/index.js'
import { placesOn } from '../../activities/places.js'
import { InstallationKey } from '../../config/key.js'
import type { EngineConnection } from '../../drivers/containers/port.js'
import { EdgeTraffic } from '../../drivers/traffic/edge.js'
import { KEY, kindActivities, SECRETS } from '../activities/kind-activities.js'
import { inActivity, type ActivityFacts } from './bare-activity.js'

/** Where a worker acts, as plain data: it may be a process of its own. */
export interface WorkerOn {
  /** The folder its host keeps its records in. */
  home?: string
  engine?: EngineConnection
  cluster?: { kubeconfigFile: string; namespace: string }
  edge?: { url: string; token: string }
  files?: Record<string, string>
  secrets?: Record<string, string>
}
/** One activity and its input. Tries of one scheduling share its id. */
export interface Act { activity: string; input: unknown; activityId?: string }
/** When it dies: before the nth thing it does to an engine, a cluster or a gateway, over all its acts; or once a test has seen something. */
export type Moment = number | (() => Promise<boolean>)

const ACTS = new Set(['pull', 'removeImage', 'create', 'createCopy', 'start', 'stop', 'remove', 'apply', 'replace', 'patch', 'delete', 'scale', 'setSplit', 'restore'])

/** A worker with the real activities on real drivers; log and snapshots in memory. `before`: called before each thing it does to a port. */
export async function workerOn(on: WorkerOn, before: () => void = () => undefined) {
  Object.assign(SECRETS, on.secrets)
  // Loaded where they are needed: it is most of what a process of its own costs.
  const engine = on.engine && watched(new (await import('../../drivers/containers/docker.js')).DockerEngine(on.engine), before)
  const cluster = on.cluster && watched((await import('../../drivers/clusters/kubernetes.js')).KubernetesCluster.open(on.cluster), before)
  const world = await kindActivities({ ...on.home !== undefined && { home: on.home }, ...on.files && { files: on.files }, ...engine && { engine }, ...cluster && { openCluster: () => cluster } })
  const activities = {
    ...world.activities,
    ...createRolloutActivities({
      places: placesOn(world.host, cluster && (() => cluster), engine && (async () => engine)), gateways: on.edge ? { edge: watched(new EdgeTraffic(on.edge), before) } : {},
      key: new InstallationKey(KEY), snapshots: { save: async () => '', find: async () => null }, resolveSecret: async (reference) => SECRETS[reference] ?? '',
    }),
  } as unknown as Record<string, (input: unknown) => Promise<unknown>>
  const run = async ({ activity, input, activityId = '7' }: Act, more: ActivityFacts = {}): Promise<unknown> => {
    const does = activities[activity]
    if (!does) throw new Error(`there is no activity ${activity}`)
    return inActivity({ activityId, ...more }, async () => does(input))
  }
  return { ...world, run }
}

/** The port, and a word before each thing done to it. What only looks is left alone. */
function watched<Port extends object>(port: Port, before: () => void): Port {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...given: unknown[]): unknown => {
        if (ACTS.has(String(name))) before()
        return Reflect.apply(value, target, given)
      }
    },
  })
}

/**
 * Do the acts in a worker of its own, one after the other, and kill it with SIGKILL at that moment.
 * @returns the place of the act it died in; null: it came to its end before
 * @throws Error when an act failed
 */
export async function killedWorker(on: WorkerOn, acts: Act[], at: Moment): Promise<number | null> {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url)], { stdio: ['pipe', 'pipe', 'inherit'] })
  let begun = 0
  child.stdout.on('data', (chunk) => { begun += String(chunk).length })
  child.stdin.end(JSON.stringify({ on, acts, dieBefore: typeof at === 'number' ? at : 0 }))
  const gone = once(child, 'close') as Promise<[number | null, string | null]>
  if (typeof at === 'function') {
    while (child.exitCode === null && child.signalCode === null && !await at()) await new Promise((resolve) => setTimeout(resolve, 10))
    child.kill('SIGKILL')
  }
  const [code, signal] = await gone
  if (signal === 'SIGKILL') return Math.max(0, begun - 1)
  if (code === 0) return null
  throw new Error(`the worker ended with ${code ?? signal} in act ${begun}`)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { on, acts, dieBefore } = await json(process.stdin) as { on: WorkerOn; acts: Act[]; dieBefore: number }
  let done = 0
  const worker = await workerOn(on, () => { if ((done += 1) === dieBefore) process.kill(process.pid, 'SIGKILL') })
  for (const act of acts) {
    process.stdout.write('.') // a sign an act, so that who kills it knows how far it came
    await worker.run(act)
  }
  process.exit(0)
}

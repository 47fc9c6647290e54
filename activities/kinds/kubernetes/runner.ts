import { durationMs } from '../../../domain/duration.js'
import type { ClusterAddress } from '../../../plan/addresses.js'
import { isObject } from '../../../domain/json.js'
import type { ClusterObject, ClusterPort, ObjectRef, WorkloadState } from '../../../drivers/clusters/port.js'
import type { KubernetesConfig } from '../../../plan/kinds/kubernetes.js'
import type { JobContext, KindRunner } from '../../kind-runner.js'
import { applied, mustBeWelcome, mustHaveTime, type Applied, type Applying } from './apply.js'
import { manifestsOf } from './manifests.js'
import { nameOf, refOf } from './order.js'
import { changeOf, deletionOf } from './preview.js'
import { prunable } from './prune.js'
import { freeStatefulSet, putBack, removeMade, type Restored } from './restore.js'
import { untilReady, type Watch } from './rollout-watch.js'
import { asJson, asSnapshot, takeSnapshot, type Saved } from './snapshot.js'
import { releaseOf } from './stamp.js'
import { deleteAndWait } from './wait-gone.js'

type Config = KubernetesConfig
const WORKLOADS = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job']
/** Left where they are by `uninstall`: others may live in them. */
const SHARED = ['Namespace', 'CustomResourceDefinition']

/** Manifests in a cluster, by server-side apply. What it does is in docs/decisions/0019. */
export const kubernetesRunner: KindRunner<Config> = {
  async snapshot(config, context) {
    const { cluster, objects } = await begin(config, context)
    return asJson(await takeSnapshot(cluster, objects, config.prune))
  },

  /** @throws CONFIG_INVALID, TARGET_REFUSED before anything is touched where it can be known; CHECK_FAILED when a rollout fails, TIMED_OUT */
  async execute(config, context) {
    const { cluster, objects, applying, say } = await begin(config, context)
    let finished = finishedJobs(context)
    const toDo = objects.filter((object) => !finished.includes(nameOf(refOf(object))))
    await mustBeWelcome(applying, toDo)
    const results = new Map<string, Applied>()
    for (const object of toDo) {
      mustHaveTime(applying, object)
      context.signal.throwIfAborted()
      const result = await applied(applying, object)
      results.set(nameOf(refOf(object)), result)
      say(`${nameOf(refOf(object))} ${result}\n`)
    }
    const pruned = config.prune === undefined ? [] : await prunable(cluster, objects, config.prune)
    for (const object of [...pruned].reverse()) {
      await deleteAndWait(cluster, refOf(object), object.metadata.uid, applying.until, context.signal)
      say(`${nameOf(refOf(object))} deleted: it is not among the manifests any more\n`)
    }
    const states = config.wait ? await untilReady(cluster, toDo.filter(isWorkload).map(refOf), { ...watchOf(config, context, applying, say), ready: (ref) => { if (ref.kind === 'Job') context.heartbeat({ jobs: finished = [...finished, nameOf(ref)] }) } }) : new Map<ObjectRef, WorkloadState>()
    const count = (which: Applied): number => [...results.values()].filter((result) => result === which).length
    const counts = { created: count('created'), changed: count('changed'), unchanged: count('unchanged'), pruned: pruned.length }
    return {
      outputs: { ...counts, namespace: config.namespace ?? cluster.namespace, revisions: Object.fromEntries([...states].flatMap(([ref, { revision }]) => revision === null ? [] : [[nameOf(ref), revision]])) },
      message: `${Object.entries(counts).filter(([, n]) => n > 0).map(([what, n]) => `${n} ${what}`).join(', ')} in ${cluster.name}`,
      artifacts: [],
    }
  },

  /** First what was there is put back, in the order of the manifests; then what the release made is deleted, last first; then what was ready is waited for. */
  async rollback(config, snapshot, context) {
    const { cluster, applying, say } = await connected(config, context)
    const { objects } = asSnapshot(snapshot)
    const tell = (saved: Saved, what: Restored): void => { say(`${nameOf(saved.ref)} ${what}${what === 'left' ? ': it is not of this release' : ''}\n`) }
    for (const saved of objects) if (hasBefore(saved)) tell(saved, await putBack(applying, saved))
    for (const saved of [...objects].reverse()) if (!hasBefore(saved)) tell(saved, await removeMade(applying, saved.ref))
    const wereReady = objects.filter(({ ref, wasReady }) => wasReady && ref.kind !== 'Job')
    const states = await untilReady(cluster, wereReady.map(({ ref }) => ref), {
      ...watchOf(config, context, applying, say), stableForMs: 0, nudge: async (ref) => ref.kind === 'StatefulSet' ? freeStatefulSet(cluster, await cluster.get(ref)) : undefined,
    })
    for (const { ref, revision } of wereReady) {
      const now = states.get(ref)?.revision ?? null
      if (revision !== null && now !== revision) say(`${nameOf(ref)} is as it was, as ${now ?? 'no revision'}; it had been ${revision}\n`)
    }
  },

  async preview(config, context) {
    const { cluster, objects, applying } = await begin(config, context)
    const changes = []
    for (const object of objects) changes.push(await changeOf(applying, object, objects))
    const gone = config.prune === undefined ? [] : await prunable(cluster, objects, config.prune)
    return [...changes, ...gone.map((object) => deletionOf(cluster, object))]
  },

  /** Deletes what a release has applied, last first. Namespaces and definitions stay. */
  async uninstall(config, context) {
    const { cluster, objects, applying, say } = await begin(config, context)
    let deleted = 0
    for (const object of [...objects].reverse()) {
      const live = SHARED.includes(object.kind) ? null : await cluster.get(refOf(object))
      if (!live || releaseOf(live) === undefined) continue
      await deleteAndWait(cluster, refOf(object), live.metadata.uid, applying.until, context.signal)
      say(`${nameOf(refOf(object))} deleted\n`)
      deleted += 1
    }
    return { outputs: { deleted }, message: `${deleted} deleted in ${cluster.name}`, artifacts: [] }
  },
}

interface Connected { cluster: ClusterPort; applying: Applying; say: (text: string) => void }

async function connected(config: Config, context: JobContext): Promise<Connected> {
  const cluster = await context.cluster(addressOf(config))
  let offset = 0
  return {
    cluster, applying: { cluster, context, force: config.force, until: Date.now() + context.timeoutMs },
    say: (text) => { context.log('info', offset, text); offset += Buffer.byteLength(text) },
  }
}

async function begin(config: Config, context: JobContext): Promise<Connected & { objects: ClusterObject[] }> {
  const found = await connected(config, context)
  return { ...found, objects: await manifestsOf(config, found.cluster, context) }
}

const addressOf = ({ cluster, kubeconfig, context }: Config): ClusterAddress | undefined =>
  cluster === undefined && kubeconfig === undefined && context === undefined ? undefined : { ...cluster, ...kubeconfig !== undefined && { kubeconfigFile: kubeconfig }, ...context !== undefined && { context } }

const isWorkload = ({ apiVersion, kind }: ClusterObject): boolean => WORKLOADS.includes(kind) && /^(?:apps|batch)\//u.test(apiVersion)
const hasBefore = (saved: Saved): saved is Saved & { before: ClusterObject } => saved.before !== null

const watchOf = (config: Config, context: JobContext, { until }: Applying, said: (text: string) => void): Watch =>
  ({ stuckAfterMs: durationMs(config.stuckAfter), stableForMs: durationMs(config.stableFor), until, signal: context.signal, redact: (text, cutOff) => context.redact(text, cutOff), said })

/** Jobs that an attempt which was cut off has seen complete: one that deletes itself when it is done must not run again. */
function finishedJobs({ heartbeatDetails }: JobContext): string[] {
  const jobs = isObject(heartbeatDetails) ? heartbeatDetails['jobs'] : null
  return Array.isArray(jobs) ? jobs.filter((name) => typeof name === 'string') : []
}

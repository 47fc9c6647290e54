import { setTimeout as delay } from 'node:timers/promises'
import { failure } from '../../../domain/failures.js'
import type { ClusterObject, ClusterPort, Refusal } from '../../../drivers/clusters/port.js'
import type { JobContext } from '../../kind-runner.js'
import { nameOf, refOf } from './order.js'
import { refused } from './refused.js'
import { sameJson } from './same-json.js'
import { shown } from './shown.js'
import { opOf, stamped } from './stamp.js'
import { deleteAndWait } from './wait-gone.js'

const LOOK_MS = 200
const DEFINED_MS = 30_000

export interface Applying { cluster: ClusterPort; context: JobContext; force: boolean; /** As `Date.now()`. */ until: number }
/** What came of one object. */
export type Applied = 'created' | 'changed' | 'unchanged'

/** Ask for all of it as a dry run, so that what is refused is refused before anything is touched. @throws TARGET_REFUSED */
export async function mustBeWelcome({ cluster, context, force }: Pick<Applying, 'cluster' | 'context' | 'force'>, objects: ClusterObject[]): Promise<void> {
  for (const object of objects) {
    context.signal.throwIfAborted()
    const answer = await cluster.apply(stamped(object, context), { force, dryRun: true })
    if (answer.refused && !isToCome(answer, object, objects) && !isJobToReplace(answer, object)) throw refused(cluster, refOf(object), answer)
  }
}

/** Its namespace or its kind is among the manifests. */
export const isToCome = ({ why }: Refusal, object: ClusterObject, objects: ClusterObject[]): boolean =>
  (why === 'noNamespace' && objects.some(({ kind, metadata }) => kind === 'Namespace' && metadata.name === object.metadata.namespace))
  || (why === 'noKind' && objects.some(({ kind, spec }) => kind === 'CustomResourceDefinition' && (spec as { names?: { kind?: string } } | undefined)?.names?.kind === object.kind))
/** A Job cannot be changed, only replaced. */
export const isJobToReplace = ({ why }: Refusal, { kind }: ClusterObject): boolean => kind === 'Job' && why === 'immutable'

/** Apply one object; a Job that is another one, or has failed, is replaced, once per idempotency key. @throws TARGET_REFUSED */
export async function applied(applying: Applying, object: ClusterObject): Promise<Applied> {
  const { cluster, context, force, until } = applying
  const ref = refOf(object)
  const before = await cluster.get(ref)
  if (before && object.kind === 'Job' && opOf(before) !== context.idempotencyKey && await mustReplace(applying, object)) {
    await deleteAndWait(cluster, ref, before.metadata.uid, until, context.signal)
  }
  const answer = await whenDefined(applying, () => cluster.apply(stamped(object, context), { force }))
  if (answer.refused) throw refused(cluster, ref, answer)
  const after = answer.object
  if (!before || !after || before.metadata.uid !== after.metadata.uid) return 'created'
  return sameJson(shown(before), shown(after)) ? 'unchanged' : 'changed'
}

async function mustReplace({ cluster, context, force }: Applying, object: ClusterObject): Promise<boolean> {
  const answer = await cluster.apply(stamped(object, context), { force, dryRun: true })
  if (answer.refused) return isJobToReplace(answer, object)
  return (await cluster.workload(refOf(object)))?.failed != null
}

/** A kind is served some moments after its definition. */
async function whenDefined<Answer extends { refused: boolean; why?: string }>({ context, until }: Applying, apply: () => Promise<Answer>): Promise<Answer> {
  for (const last = Math.min(until, Date.now() + DEFINED_MS); ;) {
    const answer = await apply()
    if (answer.why !== 'noKind' || Date.now() >= last) return answer
    await delay(LOOK_MS, undefined, { signal: context.signal })
  }
}

/** @throws TIMED_OUT */
export function mustHaveTime({ cluster, until }: Pick<Applying, 'cluster' | 'until'>, next: ClusterObject): void {
  if (Date.now() >= until) throw failure('TIMED_OUT', `${cluster.name}: the job's time was over before ${nameOf(refOf(next))} was applied`)
}

import { setTimeout as delay } from 'node:timers/promises'
import { failure } from '../../../domain/failures.js'
import type { ClusterPort, ObjectRef, Stuck, WorkloadState } from '../../../drivers/clusters/port.js'
import { nameOf } from './order.js'

/** Pods tell what is wrong without their workload changing: look at least this often. */
const LOOK_MS = 1000
const PAUSE_MS = 100
/** A container in a crash loop runs now and then: only after so long without a complaint is it well. */
const CALM_MS = 15_000
const MOST_REASONS = 3
const LAST_LINES = 10
const LINE_CHARACTERS = 500

export interface Watch {
  /** How long pods may be unable to start. */
  stuckAfterMs: number
  /** How long a workload must have been ready without a break. */
  stableForMs: number
  /** When the job's own time is over, as `Date.now()`. */
  until: number
  signal: AbortSignal
  redact: (text: string, cutOff?: boolean) => string
  said: (text: string) => void
  /** Between two looks. */
  nudge?: (ref: ObjectRef) => Promise<void>
  ready?: (ref: ObjectRef) => void
}

/**
 * Wait until all of them are ready, side by side; the first that fails ends it.
 * @throws CHECK_FAILED with the pods' own reasons and their last words; TIMED_OUT with the same
 */
export async function untilReady(cluster: ClusterPort, refs: ObjectRef[], watch: Watch): Promise<Map<ObjectRef, WorkloadState>> {
  const others = new AbortController()
  const signal = AbortSignal.any([watch.signal, others.signal])
  try {
    return new Map(await Promise.all(refs.map(async (ref) => [ref, await readyState(cluster, ref, { ...watch, signal })] as const)))
  } finally { others.abort() }
}

async function readyState(cluster: ClusterPort, ref: ObjectRef, watch: Watch): Promise<WorkloadState> {
  let told = ''
  let stuckSince: number | null = null
  let lastStuck = 0
  let readySince: number | null = null
  for (;;) {
    const state = await cluster.workload(ref)
    if (!state) throw failure('TARGET_REFUSED', `${cluster.name}: ${nameOf(ref)} is gone: somebody deleted it before it was ready`)
    if (state.progress !== told) watch.said(`${nameOf(ref)}: ${told = state.progress}\n`)
    const now = Date.now()
    readySince = state.ready ? readySince ?? now : null
    if (readySince !== null && (ref.kind === 'Job' || now - readySince >= watch.stableForMs)) {
      watch.ready?.(ref)
      return state
    }
    if (state.stuck.length > 0) { stuckSince ??= now; lastStuck = now } else if (now - lastStuck > CALM_MS) stuckSince = null
    if (state.failed !== null) throw failure('CHECK_FAILED', `${nameOf(ref)} failed: ${watch.redact(state.failed)}${await inWords(cluster, ref, state, watch)}`)
    if (state.stuck.length > 0 && stuckSince !== null && now - stuckSince >= watch.stuckAfterMs) throw failure('CHECK_FAILED', `${nameOf(ref)} is stuck: ${state.progress}${await inWords(cluster, ref, state, watch)}`)
    if (now >= watch.until) throw failure('TIMED_OUT', `${nameOf(ref)} was not ready in time: ${state.progress}${await inWords(cluster, ref, state, watch)}`)
    await watch.nudge?.(ref)
    await cluster.changed(ref, state.version, { forMs: Math.max(1, Math.min(LOOK_MS, watch.until - now)), signal: watch.signal })
    await delay(PAUSE_MS, undefined, { signal: watch.signal })
  }
}

/** `; pod web-1, container main: ErrImagePull: not found`; the same reason of several pods is told once. */
async function inWords(cluster: ClusterPort, ref: ObjectRef, { stuck }: WorkloadState, watch: Watch): Promise<string> {
  const different = stuck.filter((one, n) => stuck.findIndex((other) => other.reason === one.reason && other.container === one.container) === n)
  const reasons = different.slice(0, MOST_REASONS).map((one) => `; ${whose(one)}${one.reason}${one.message === '' ? '' : `: ${watch.redact(one.message).slice(0, LINE_CHARACTERS)}`}${one.restarts > 0 ? ` (started again ${one.restarts} times)` : ''}`)
  return reasons.join('') + await lastWords(cluster, ref, stuck, watch)
}

const whose = ({ pod, container }: Stuck): string => pod === null ? '' : `pod ${pod}${container === null ? '' : `, container ${container}`}: `

/** Of the first container that has run at all. */
async function lastWords(cluster: ClusterPort, { namespace = cluster.namespace }: ObjectRef, stuck: Stuck[], { redact }: Watch): Promise<string> {
  const one = stuck.find(({ container, reason, message }) => container !== null && (reason === 'CrashLoopBackOff' || message.includes('exit code')))
  if (one?.pod == null || one.container === null) return ''
  const log = await cluster.logs({ namespace, pod: one.pod, container: one.container }, LAST_LINES).catch(() => '')
  const lines = redact(log).trimEnd().split('\n').slice(-LAST_LINES).map((line) => line.slice(0, LINE_CHARACTERS)).join('\n')
  return lines === '' ? '' : `. Its last words:\n${lines}`
}


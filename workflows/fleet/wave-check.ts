import { continueAsNew, workflowInfo } from '@temporalio/workflow'
import type { Json, JsonObject } from '../../domain/json.js'
import { failure } from '../../domain/failures.js'
import { fillIn } from '../../domain/late-value.js'
import { splitPath } from '../../domain/reference-path.js'
import type { TargetRef } from '../../domain/target.js'
import { isStopped, mustBeFailure, reasonOf } from '../failing.js'
import { fleetStore, kindActivities } from '../proxies.js'
import type { WaveCheckInput } from './inputs.js'
import { byAgent, placeOf } from './place.js'

const CHECK = { name: 'health check', kind: 'validation', timeoutMs: 600_000 }
const MOST_NAMED = 3

/** Asks each target of a wave that succeeded whether it is well; all that are asked at once answer. @throws CHECK_FAILED naming those that are not */
export async function waveCheckWorkflow(input: WaveCheckInput): Promise<void> {
  const { release, stage, wave, call, parallel, waitMs } = input
  for (let { next } = input; ;) {
    const members = await fleetStore['fleet.members']({ release, stage, wave, from: next, limit: parallel })
    if (members.length === 0) return
    const bad = (await Promise.all(members.map(({ target }) => ask(call, target, waitMs)))).filter((answer) => answer !== null)
    if (bad.length > 0) throw failure('CHECK_FAILED', `${bad.slice(0, MOST_NAMED).join('; ')}${bad.length > MOST_NAMED ? `; and ${bad.length - MOST_NAMED} more` : ''}`)
    next = (members.at(-1)?.position ?? next) + 1
    if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof waveCheckWorkflow>({ ...input, next })
  }
}

/** @returns what is wrong; null: it is well */
async function ask(call: WaveCheckInput['call'], target: TargetRef, waitMs: number): Promise<string | null> {
  const place = placeOf(target, { offline: 'fail', offlineWaitMs: waitMs })
  const config = fillIn(call.config, (part) => 'ref' in part ? valueOf(target, part.ref) : undefined) as JsonObject
  try {
    await byAgent(place, CHECK.name, () => kindActivities(CHECK, place).execute({ ...call, target, config, job: `${call.job} health`, idempotencyKey: `${call.idempotencyKey}@${target.name}` }))
    return null
  } catch (error) {
    mustBeFailure(error)
    if (isStopped(error)) throw error
    return `${target.name}: ${reasonOf(error)}`
  }
}

function valueOf(target: TargetRef, path: string): Json | undefined {
  const [, ...keys] = splitPath(path) ?? []
  return keys.reduce<Json | undefined>((owner, key) => typeof owner === 'object' && owner !== null ? (owner as JsonObject)[key] : undefined, target as unknown as Json)
}

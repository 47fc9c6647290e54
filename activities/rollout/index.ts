import { isDeepStrictEqual } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import { ApplicationFailure } from '@temporalio/common'
import { failure } from '../../domain/failures.js'
import { runAttempt } from '../attempt.js'
import type { RolloutActivities } from '../contract.js'
import { learning } from '../places.js'
import { redacted } from '../redacted-failure.js'
import { Redactor } from '../redaction.js'
import { sealSnapshot } from '../sealed-snapshots.js'
import { deploy } from './deploy.js'
import { preview } from './preview.js'
import { mustAnswer } from './ready.js'
import { retire } from './retire.js'
import { asJson, snapshotOf } from './snapshot.js'
import { mustBeOurs, mustNotHaveDrifted, putSplit, targetOf, type RolloutDeps } from './target.js'

const AGAIN_MS = 250

type Steps = Omit<RolloutActivities, 'rollout.judge'>

/** The steps of a rollout. What it takes to get to its target is in no failure that leaves. */
export function createRolloutActivities(deps: RolloutDeps): Steps {
  const hidden = (name: keyof Steps) => async (input: never): Promise<unknown> => {
    const redactor = new Redactor()
    const step = steps({ ...deps, places: learning(deps.places, (secret) => { redactor.add(secret) }) })[name] as (input: never) => Promise<unknown>
    try { return await step(input) } catch (error) { throw redacted(error, redactor) }
  }
  return Object.fromEntries((Object.keys(steps(deps)) as (keyof Steps)[]).map((name) => [name, hidden(name)])) as unknown as Steps
}

/**
 * The steps of a rollout, and of a `gateway` job, which has no process of its own. Each reads what is there, compares and
 * then acts, so that any may run twice. A side's id is the release that brought it.
 */
const steps = (deps: RolloutDeps): Steps => ({
  async 'rollout.snapshot'(call) {
    return runAttempt(async () => {
      const { gateway, route, runtime } = await targetOf(deps, call)
      const inForce = await gateway.read(route)
      const stable = inForce?.stable ?? null
      const stableSpec = stable !== null ? await runtime?.spec(stable.id) ?? null : null
      return { snapshot: await sealSnapshot(deps, asJson({ route: inForce, stableSpec })), stable }
    })
  },

  async 'rollout.preview'(call) { return runAttempt(() => preview(deps, call)) },

  async 'rollout.locate'(call) {
    return runAttempt(async () => {
      const { gateway, gatewayName, route } = await targetOf(deps, call)
      const url = await gateway.locate?.(route, call.release.version) ?? null
      if (url === null) throw failure('CONFIG_INVALID', `gateway ${gatewayName} does not say where ${call.release.version} of ${route} is: name candidate.url`)
      return { url }
    })
  },

  async 'rollout.deploy'(call) { return runAttempt((attempt) => deploy(deps, call, attempt)) },

  async 'rollout.setSplit'({ call, stable, candidate, percent, sticky, match, mirrorPercent, expectedPercent }) {
    return runAttempt(async ({ signal }) => {
      const target = await targetOf(deps, call)
      const now = await target.gateway.read(target.route)
      mustBeOurs(target, now, stable, candidate.id)
      mustNotHaveDrifted(target, now, percent, expectedPercent)
      await target.runtime?.capacity?.(candidate, percent, signal)
      if (stable !== null) await target.runtime?.capacity?.(stable, 100 - percent, signal)
      const listen = target.listen ?? now?.listen
      const split = await putSplit(target, { stable, candidate, percent, sticky, ...listen && { listen }, ...match && { match }, ...mirrorPercent !== undefined && { mirrorPercent } })
      return { split, counters: (await target.gateway.metrics?.(target.route))?.candidate ?? null }
    })
  },

  async 'rollout.finish'({ call, candidate, stable }) {
    return runAttempt(async ({ signal }) => {
      const target = await targetOf(deps, call)
      const now = await target.gateway.read(target.route)
      mustBeOurs(target, now, stable, candidate.id)
      const listen = now?.listen ?? target.listen
      if (now?.stable?.id !== candidate.id || now.candidate !== null) {
        await putSplit(target, { stable: candidate, candidate: null, percent: 0, sticky: now?.sticky ?? null, ...listen && { listen } })
      }
      if (stable !== null && stable.id !== candidate.id) await retire(target, stable.id, signal)
    })
  },

  async 'rollout.reviveStable'(input) {
    return runAttempt(async ({ signal }) => {
      const target = await targetOf(deps, input.call)
      const { route, stableSpec } = await snapshotOf(deps, input)
      if (stableSpec === null || !route?.stable) return
      await target.runtime?.revive(stableSpec, signal)
      for (const until = Date.now() + target.health.timeoutMs; ; await delay(AGAIN_MS, undefined, { signal })) {
        try { await mustAnswer(route.stable, target, signal); return }
        catch (error) { if (Date.now() >= until || !(error instanceof ApplicationFailure)) throw error }
      }
    })
  },

  async 'rollout.restoreRoute'(input) {
    return runAttempt(async ({ signal }) => {
      const target = await targetOf(deps, input.call)
      const { route: before } = await snapshotOf(deps, input)
      const now = await target.gateway.read(target.route)
      if (isDeepStrictEqual(JSON.parse(JSON.stringify(now)), before)) return // a snapshot has been JSON
      mustBeOurs(target, now, before?.stable ?? null, input.call.release.releaseId)
      if (before?.stable) {
        await target.runtime?.capacity?.(before.stable, 100 - before.percent, signal)
        await mustAnswer(before.stable, target, signal)
      }
      const answer = await target.gateway.restore(target.route, before)
      if (answer.refused) throw failure('TARGET_REFUSED', `gateway ${target.gatewayName} refused route ${target.route}: ${answer.reason}`)
    })
  },

  async 'rollout.removeCandidate'({ call }) {
    return runAttempt(async ({ signal }) => {
      const target = await targetOf(deps, call)
      const { releaseId } = call.release
      if (target.runtime === null || await target.runtime.inspect(releaseId) === null) return
      const now = await target.gateway.read(target.route)
      const percent = now?.stable?.id === releaseId ? 100 - now.percent : now?.candidate?.id === releaseId ? now.percent : 0
      if (percent > 0) throw failure('TARGET_REFUSED', `route ${target.route} of gateway ${target.gatewayName} still sends ${percent}% of its requests to ${target.runtime.name(releaseId)}`)
      await retire(target, releaseId, signal)
    })
  },
})

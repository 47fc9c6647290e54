import { setTimeout as delay } from 'node:timers/promises'
import { serviceKey, type RolloutDeps, type Target } from './target.js'

const LOOK_MS = 200
const LEAST_GRACE_MS = 2000

/** Let a side that gets no new requests end those under way, then stop its process. What it takes to start it again stays. */
export async function retire({ host }: RolloutDeps, target: Target, releaseId: string, signal: AbortSignal): Promise<void> {
  if (target.service === null) return
  const key = serviceKey(target.service, releaseId)
  const state = await host.inspect(key)
  if (state?.running) await drained(target, releaseId, signal)
  await host.stop(key, Math.max(target.drainMs, LEAST_GRACE_MS))
}

async function drained({ gateway, route, drainMs }: Target, sideId: string, signal: AbortSignal): Promise<void> {
  const until = Date.now() + drainMs
  while (gateway.drain && Date.now() < until && (await gateway.drain(route, sideId)).open > 0) {
    await delay(Math.min(LOOK_MS, Math.max(0, until - Date.now())), undefined, { signal })
  }
}

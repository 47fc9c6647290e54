import { setTimeout as delay } from 'node:timers/promises'
import type { Target } from './target.js'

const LOOK_MS = 200
const LEAST_GRACE_MS = 2000

/** Let a side that gets no new requests end those under way, then stop its process. What it takes to start it again stays. */
export async function retire(target: Target, releaseId: string, signal: AbortSignal): Promise<void> {
  const { runtime } = target
  if (runtime === null) return
  const state = await runtime.inspect(releaseId)
  if (state?.running) await drained(target, releaseId, signal)
  await runtime.stop(releaseId, Math.max(target.drainMs, LEAST_GRACE_MS))
}

/** A gateway that cannot say what is under way is given all the time there is. */
async function drained({ gateway, route, drainMs }: Target, sideId: string, signal: AbortSignal): Promise<void> {
  const until = Date.now() + drainMs
  while (Date.now() < until && (gateway.drain === undefined || (await gateway.drain(route, sideId)).open > 0)) {
    await delay(Math.min(LOOK_MS, Math.max(0, until - Date.now())), undefined, { signal })
  }
}

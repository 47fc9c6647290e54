import { durationMs } from './duration.js'

/** A phase that is judged but names no duration is watched this long: a verdict needs something to look at. */
export const DEFAULT_WATCH_MS = 60_000

/** How long a phase holds, in ms. */
export function holdMsOf({ duration, successCriteria, analysis }: { duration?: string | undefined; successCriteria?: object | undefined; analysis?: object | undefined }): number {
  if (duration !== undefined) return durationMs(duration)
  return successCriteria === undefined && analysis === undefined ? 0 : DEFAULT_WATCH_MS
}

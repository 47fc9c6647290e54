/** HAProxy's weights are whole numbers up to this. */
const HEAVIEST = 256
/** Between 0 and the lightest share a pair of weights can have. */
export const PERCENT_STEP = 100 / (HEAVIEST + 1)

/** The pair of weights whose share is nearest to a percent: exact for every whole percent. */
export function weightsFor(percent: number): { candidate: number; stable: number } {
  if (percent <= 0) return { candidate: 0, stable: HEAVIEST }
  if (percent >= 100) return { candidate: HEAVIEST, stable: 0 }
  let best = { candidate: 0, stable: HEAVIEST }
  let error = percent
  for (let heavier = HEAVIEST; heavier >= 1; heavier--) {
    const lighter = Math.min(HEAVIEST, Math.round(heavier * Math.min(percent, 100 - percent) / Math.max(percent, 100 - percent)))
    const pair = percent <= 50 ? { candidate: lighter, stable: heavier } : { candidate: heavier, stable: lighter }
    const off = Math.abs(100 * pair.candidate / (pair.candidate + pair.stable) - percent)
    if (off < error - 1e-9) [best, error] = [pair, off]
  }
  return best
}

/**
 * The q-quantile (0–1) of a cumulative histogram by linear interpolation inside its bucket, as Prometheus'
 * histogram_quantile: the first bucket starts at 0, and what lies beyond the last bound counts as that bound.
 * @param total all observations, those beyond the last bound included
 * @returns in the unit of the bounds; null when there are no observations or no bounds
 */
export function quantile(q: number, buckets: readonly { le: number; count: number }[], total: number): number | null {
  const bounds = buckets.filter(({ le }) => Number.isFinite(le)).sort((a, b) => a.le - b.le)
  const last = bounds.at(-1)
  if (total <= 0 || last === undefined) return null
  const rank = q * total
  let [below, start] = [0, 0]
  for (const { le, count } of bounds) {
    if (count >= rank) return start + (le - start) * (rank - below) / (count - below)
    ;[below, start] = [Math.max(below, count), le]
  }
  return last.le
}

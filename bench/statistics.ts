/** The value that a share `q` (0–1) of the numbers is at or below; NaN of none. */
export function quantile(numbers: readonly number[], q: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * q) - 1)] ?? NaN
}

export const median = (numbers: readonly number[]): number => quantile(numbers, 0.5)

/** Milliseconds since 1970 with fractions, comparable with what other processes of this machine write down. */
export const nowMs = (): number => performance.timeOrigin + performance.now()

/** How long it takes, in ms. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

/** `work` for each item, at most `atOnce` at a time; results in order. The first failure ends it. */
export async function inLanes<Item, Result>(atOnce: number, items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  const open = items.entries()
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (const [n, item] of open) results[n] = await work(item)
  }))
  return results
}

/** A whole number from the environment. @throws Error when it is none */
export function setting(name: string, usual: number): number {
  const value = Number(process.env[name] ?? usual)
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name}=${process.env[name] ?? ''} is not a number above 0`)
  return value
}

/** What tests said. `durationMs`: the sum of what they say of themselves; 0 when they say nothing. */
export interface TestResults {
  passed: number
  failed: number
  skipped: number
  durationMs: number
  failures: TestFailure[]
  /** Why the whole cannot be trusted: a plan that was not kept, a bail out. */
  broken: string[]
}
export interface TestFailure { name: string; message: string }

export const noResults = (): TestResults => ({ passed: 0, failed: 0, skipped: 0, durationMs: 0, failures: [], broken: [] })

export function sum(all: readonly TestResults[]): TestResults {
  return all.reduce((total, one) => ({
    passed: total.passed + one.passed, failed: total.failed + one.failed, skipped: total.skipped + one.skipped, durationMs: total.durationMs + one.durationMs,
    failures: [...total.failures, ...one.failures], broken: [...total.broken, ...one.broken],
  }), noResults())
}

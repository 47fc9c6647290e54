/** One line of a section's table. */
export interface Row {
  what: string
  value: string
  /** What it is held against, measured in the same run. */
  baseline: string
  /** value over baseline */
  ratio: number | null
  /** As design says it; empty: none is set. */
  budget: string
  /** Null: there is no budget, or it could not be measured. */
  met: boolean | null
}

/** What a ratio, or a number, may be. */
export interface Budget { atMost?: number; atLeast?: number }

/** Two measures of one run. */
export function compared(what: string, value: number, baseline: number, unit: string, budget: Budget = {}, ratio = value / baseline): Row {
  return { what, value: withUnit(value, unit), baseline: withUnit(baseline, unit), ratio, budget: budgetText(budget, '×'), met: isMet(ratio, budget) }
}

/** A measure that stands alone. */
export function measured(what: string, value: number, unit: string, budget: Budget = {}): Row {
  return { what, value: withUnit(value, unit), baseline: '', ratio: null, budget: budgetText(budget, unit), met: isMet(value, budget) }
}

/** What happened to `all` things: each of them must be as it should. */
export function everyOne(what: string, good: number, all: number): Row {
  return { what, value: `${good} of ${all}`, baseline: '', ratio: null, budget: 'all', met: good === all }
}

/** Said, not judged. */
export const told = (what: string, value: string): Row => ({ what, value, baseline: '', ratio: null, budget: '', met: null })

/** A number as people read it: three digits that count. */
export const readable = (value: number): string => Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)

function isMet(value: number, { atMost, atLeast }: Budget): boolean | null {
  if (atMost === undefined && atLeast === undefined) return null
  return value <= (atMost ?? Infinity) && value >= (atLeast ?? -Infinity)
}

function budgetText({ atMost, atLeast }: Budget, unit: string): string {
  if (atMost !== undefined) return `≤ ${withUnit(atMost, unit, String)}`
  return atLeast === undefined ? '' : `≥ ${withUnit(atLeast, unit, String)}`
}

const withUnit = (value: number, unit: string, text = readable): string => `${text(value)}${unit === '' ? '' : ` ${unit}`}`

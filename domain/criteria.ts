/** `"<1%"`, `"< 0.5"`, `"<300ms"`, `">= 99.9%"`: how a measure is compared, in its base unit (ratio, seconds, plain). */
export interface Threshold { comparison: '<' | '<=' | '>' | '>=' | '==' | '!='; value: number; unit: 'ratio' | 'ms' | 'plain' }

const THRESHOLD = /^\s*(<=|>=|==|!=|<|>)?\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(%|ms|s|m)?\s*$/

/** Parse a threshold; null when it is none. A bare number means "at most" (`0.01` is `<= 0.01`). `%` becomes a ratio, times become ms. */
export function parseThreshold(text: string | number): Threshold | null {
  const match = THRESHOLD.exec(String(text))
  if (!match) return null
  const number = Number(match[2])
  const comparison = (match[1] ?? '<=') as Threshold['comparison']
  switch (match[3]) {
    case '%': return { comparison, value: number / 100, unit: 'ratio' }
    case 'ms': return { comparison, value: number, unit: 'ms' }
    case 's': return { comparison, value: number * 1000, unit: 'ms' }
    case 'm': return { comparison, value: number * 60_000, unit: 'ms' }
    default: return { comparison, value: number, unit: 'plain' }
  }
}

export function meets(threshold: Threshold, measure: number): boolean {
  switch (threshold.comparison) {
    case '<': return measure < threshold.value
    case '<=': return measure <= threshold.value
    case '>': return measure > threshold.value
    case '>=': return measure >= threshold.value
    case '==': return measure === threshold.value
    case '!=': return measure !== threshold.value
  }
}

/** `error rate 20% over <1%`: for people. */
export const formatMeasure = (threshold: Threshold, measure: number): string =>
  threshold.unit === 'ratio' ? `${round(measure * 100)}%` : threshold.unit === 'ms' ? `${round(measure)}ms` : String(round(measure))
export const formatThreshold = (threshold: Threshold): string => `${threshold.comparison}${formatMeasure(threshold, threshold.value)}`
const round = (value: number): number => Number(value.toPrecision(4))

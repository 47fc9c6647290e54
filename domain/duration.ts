const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/y
export const DURATION_PATTERN = '^(?:\\d+(?:\\.\\d+)?(?:ms|s|m|h|d))+$'

/** `90s`, `1h30m`, `0.5s` in milliseconds; null when the text is no duration. */
export function parseDuration(text: string): number | null {
  let total = 0
  PART.lastIndex = 0
  if (text === '') return null
  while (PART.lastIndex < text.length) {
    const match = PART.exec(text)
    if (!match) return null
    total += Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]
  }
  return Math.round(total)
}

/** A duration the plan's schema has already checked. @throws RangeError on anything else: that is a bug. */
export function durationMs(text: string): number {
  const ms = parseDuration(text)
  if (ms === null) throw new RangeError(`not a duration: ${text}`)
  return ms
}

/** 5_400_000 → `1h30m`; what people read. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  let rest = Math.round(ms / 1000) * 1000
  let text = ''
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const count = Math.floor(rest / UNIT_MS[unit])
    if (count > 0) text += `${count}${unit}`
    rest -= count * UNIT_MS[unit]
  }
  return text
}

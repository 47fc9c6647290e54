/** When a release may start. Days are ISO: 1 Monday … 7 Sunday; times `HH:MM` in `timezone`, end exclusive. */
export interface ReleaseWindow {
  timezone: string
  allowed: { days: number[]; start: string; end: string }[]
  /** `YYYY-MM-DD` in `timezone`; deny beats allow. */
  blackoutDates: string[]
  /** People who may start at any time. */
  emergencyUsers: string[]
}

const MINUTE = 60_000
/** Every clock change, local midnight and blackout's end falls on a quarter of an hour UTC. */
const QUARTER = 15 * MINUTE
const LIMIT_DAYS = 400

/**
 * The first moment (ms since epoch, whole minutes) at or after `atMs` that lies in the window; `atMs` itself when open,
 * null when none within 400 days. Uses the host's time-zone data: call it in an activity, never in workflow code.
 */
export function nextOpening(window: ReleaseWindow, atMs: number): number | null {
  if (isOpen(window, atMs)) return atMs
  const startMinutes = window.allowed.map(({ start }) => minuteOfDay(start))
  let at = Math.ceil(atMs / MINUTE) * MINUTE
  for (const limit = at + LIMIT_DAYS * 24 * 60 * MINUTE; at <= limit;) {
    if (isOpen(window, at)) return at
    const { minute } = localTime(window.timezone, at)
    const starts = startMinutes.map((start) => at + (start - minute) * MINUTE).filter((start) => start > at)
    at = Math.min((Math.floor(at / QUARTER) + 1) * QUARTER, ...starts)
  }
  return null
}

export function isOpen(window: ReleaseWindow, atMs: number): boolean {
  const { date, day, minute } = localTime(window.timezone, atMs)
  if (window.blackoutDates.includes(date)) return false
  return window.allowed.some((span) => span.days.includes(day) && minute >= minuteOfDay(span.start) && minute < minuteOfDay(span.end))
}

const minuteOfDay = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5))

const formats = new Map<string, Intl.DateTimeFormat>()

/** Making a format costs a hundred times what using it does. */
function formatOf(timezone: string): Intl.DateTimeFormat {
  const made = formats.get(timezone) ?? new Intl.DateTimeFormat('en-CA', {
    timeZone: timezone, hourCycle: 'h23', weekday: 'short', year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit',
  })
  formats.set(timezone, made)
  return made
}

function localTime(timezone: string, atMs: number): { date: string; day: number; minute: number } {
  const parts = new Map(formatOf(timezone).formatToParts(atMs).map(({ type, value }) => [type, value]))
  return {
    date: `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}`,
    day: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].indexOf(parts.get('weekday') ?? '') + 1,
    minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
  }
}

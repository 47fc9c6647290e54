/** 732_000 → `12m 12s`: two units are enough to look at. */
export function lasting(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60]
  if (days > 0) return hours > 0 ? `${days}d ${hours}h` : `${days}d`
  if (hours > 0) return minutes > 0 ? `${hours}h ${minutes}m` : `${hours}h`
  if (minutes > 0) return `${minutes}m ${String(seconds % 60).padStart(2, '0')}s`
  return `${seconds}s`
}

/** Between two moments (ISO 8601); an open end is `now` (ms). Null when it has not begun. */
export const spent = (from: string | null, to: string | null, now: number): string | null =>
  from === null ? null : lasting((to === null ? now : Date.parse(to)) - Date.parse(from))

/** The time on the wall, with the date when it is another day than `now`'s. */
export function wallClock(at: string, now: number, timezone?: string): string {
  const zone = timezone === undefined ? {} : { timeZone: timezone }
  const day = (ms: number): string => new Intl.DateTimeFormat('en-CA', { ...zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(ms)
  const time = new Intl.DateTimeFormat('en-GB', { ...zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(Date.parse(at))
  return day(Date.parse(at)) === day(now) ? time : `${day(Date.parse(at))} ${time}`
}

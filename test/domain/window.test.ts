import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createWindowActivities } from '../../activities/window.js'
import { isOpen, nextOpening, type ReleaseWindow } from '../../domain/window.js'

const MINUTE = 60_000
const weekdays = (changes: Partial<ReleaseWindow> = {}): ReleaseWindow => ({
  timezone: 'Europe/Berlin', allowed: [{ days: [1, 2, 3, 4, 5], start: '09:00', end: '17:00' }], blackoutDates: [], emergencyUsers: [], ...changes,
})
const at = (text: string): number => Date.parse(text)
const opening = (window: ReleaseWindow, from: string): string | null => {
  const ms = nextOpening(window, at(from))
  return ms === null ? null : new Date(ms).toISOString()
}

test('an open window opens now, to the millisecond', () => {
  expect(opening(weekdays(), '2026-11-20T10:00:00.123Z')).toBe('2026-11-20T10:00:00.123Z')
})

test('the end of a span is no longer in it', () => {
  expect(isOpen(weekdays(), at('2026-11-20T15:59:59.999Z'))).toBe(true)
  expect(isOpen(weekdays(), at('2026-11-20T16:00:00Z'))).toBe(false)
})

test('after the last day of the week it opens on the first, in the window\'s own time zone', () => {
  expect(opening(weekdays(), '2026-11-20T16:00:00Z')).toBe('2026-11-23T08:00:00.000Z')
  expect(opening(weekdays({ timezone: 'Asia/Kolkata' }), '2026-11-20T16:00:00Z')).toBe('2026-11-23T03:30:00.000Z')
})

test('a blackout beats a span that would allow it', () => {
  expect(opening(weekdays({ blackoutDates: ['2026-11-23'] }), '2026-11-21T12:00:00Z')).toBe('2026-11-24T08:00:00.000Z')
})

test('a window that is open all day opens at midnight after a blackout', () => {
  const always = weekdays({ allowed: [{ days: [1, 2, 3, 4, 5, 6, 7], start: '00:00', end: '24:00' }], blackoutDates: ['2026-12-24', '2026-12-25'] })
  expect(opening(always, '2026-12-24T12:34:00Z')).toBe('2026-12-25T23:00:00.000Z')
})

test('when the clocks go forward over the start, it opens as they jump', () => {
  const early = weekdays({ allowed: [{ days: [7], start: '02:30', end: '05:00' }] })
  expect(opening(early, '2027-03-27T12:00:00Z')).toBe('2027-03-28T01:00:00.000Z') // 02:00 becomes 03:00
})

test('when the clocks go back, a span opens again in the second of the two hours', () => {
  const late = weekdays({ allowed: [{ days: [7], start: '02:00', end: '02:30' }] })
  expect(opening(late, '2026-10-25T00:00:00Z')).toBe('2026-10-25T00:00:00.000Z')
  expect(opening(late, '2026-10-25T00:30:00Z')).toBe('2026-10-25T01:00:00.000Z')
})

test('a window that never opens says so', () => {
  expect(opening(weekdays({ allowed: [] }), '2026-11-21T12:00:00Z')).toBeNull()
  expect(opening(weekdays({ allowed: [{ days: [1], start: '09:00', end: '09:00' }] }), '2026-11-21T12:00:00Z')).toBeNull()
})

test('the opening is the first open minute: none before it is open', () => {
  const time = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.constantFrom(0, 7, 15, 30, 59)).map(([hour, minute]) => `${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`)
  const span = fc.record({ days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), start: time, end: time })
  const timezone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'America/Santiago')
  const nearAClockChange = fc.constantFrom('2026-03-08', '2026-03-29', '2026-04-05', '2026-09-06', '2026-10-04', '2026-10-25', '2026-11-01', '2026-11-21')
  const window = fc.record({ timezone, allowed: fc.array(span, { minLength: 1, maxLength: 3 }), blackoutDates: fc.constant<string[]>([]), emergencyUsers: fc.constant<string[]>([]) })
  fc.assert(fc.property(window, nearAClockChange, fc.integer({ min: -1440, max: 1440 }), (window_, day, offset) => {
    const from = at(`${day}T00:00:00Z`) + offset * MINUTE
    const found = nextOpening(window_, from)
    let first: number | null = null
    for (let ms = from; ms <= from + 1440 * MINUTE && first === null; ms += MINUTE) if (isOpen(window_, ms)) first = ms
    if (first !== null) expect(found).toBe(first)
    else expect(found === null || found > from + 1440 * MINUTE).toBe(true)
  }), { numRuns: 30 })
})

test('people named for emergencies may start at any time, others wait', async () => {
  const { nextOpening: ask } = createWindowActivities()
  const window = weekdays({ emergencyUsers: ['oncall@example.com'] })
  const atMs = at('2026-11-21T12:00:00Z')
  expect(await ask({ window, atMs, requestedBy: 'oncall@example.com' })).toEqual({ opensAtMs: atMs })
  expect(await ask({ window, atMs, requestedBy: 'ann@example.com' })).toEqual({ opensAtMs: at('2026-11-23T08:00:00Z') })
})

import { randomBytes } from 'node:crypto'

/** Crockford's base 32: no i, l, o, u; the order of the digits is the order of the letters. */
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz'
const TIME_DIGITS = 10 // 50 bits of ms: until the year 37,000
const RANDOM_DIGITS = 12 // 60 bits

/** `r-` + time + chance: unique everywhere, and sorted as text it is sorted by time. */
export function newReleaseId(nowMs: number): string {
  let time = ''
  for (let rest = nowMs; time.length < TIME_DIGITS; rest = Math.floor(rest / 32)) time = `${DIGITS.charAt(rest % 32)}${time}`
  return `r-${time}${[...randomBytes(RANDOM_DIGITS)].map((byte) => DIGITS.charAt(byte % 32)).join('')}`
}

import { failure } from '../domain/failures.js'

/** Where a page of a list ended, as text that nobody should read. Moments become text. */
export const cursorOf = (...parts: (string | number | Date)[]): string =>
  Buffer.from(JSON.stringify(parts.map((part) => part instanceof Date ? part.toISOString() : part))).toString('base64url')

/** @throws REQUEST_INVALID when it is not one of ours */
export function readCursor(cursor: string, length: number): string[] {
  try {
    const parts = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown
    if (Array.isArray(parts) && parts.length === length) return parts.map(String)
  } catch { /* refused below */ }
  throw failure('REQUEST_INVALID', 'cursor must be `next` of the page before')
}

/** As `readCursor`, where the first part is a moment. */
export function readMomentCursor(cursor: string, length: number): { at: Date; rest: string[] } {
  const [at = '', ...rest] = readCursor(cursor, length)
  if (Number.isNaN(Date.parse(at))) throw failure('REQUEST_INVALID', 'cursor must be `next` of the page before')
  return { at: new Date(at), rest }
}

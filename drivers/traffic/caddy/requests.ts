import { isObject } from '../../../domain/json.js'
import type { Answered } from '../access-log.js'

/** https://caddyserver.com/docs/json/apps/http/servers/logs/: duration in seconds. */
export function answeredBy(line: string): Answered | null {
  let entry: unknown = null
  try { entry = JSON.parse(line) } catch { return null }
  if (!isObject(entry)) return null
  const { upstream: by, status, duration } = entry
  return typeof by === 'string' && by !== '' && typeof status === 'number' && typeof duration === 'number' ? { by, status, tookMs: duration * 1000 } : null
}

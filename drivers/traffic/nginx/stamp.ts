import { isObject } from '../../../domain/json.js'
import type { RouteSplit } from '../port.js'

/** What the file of a route says of itself, and nginx of what it has in force. */
export interface Stamp { route: string; revision: string; split: RouteSplit }

/** In base64, as nginx would read `$`, quotes and braces. */
export const stampText = (stamp: Stamp): string => Buffer.from(JSON.stringify(stamp)).toString('base64')

/** What a file says of itself; null: nobody but its operator has written it. */
export const stampIn = (text: string): Stamp | null => stampOf(/^ *return 200 "([A-Za-z0-9+/=]+) \$pid";$/mu.exec(text)?.[1] ?? '')

/** nginx's answer: the stamp of the file it has in force, and the worker process that answered. */
export function answered(body: string): { stamp: Stamp; pid: string } | null {
  const [base64 = '', pid = ''] = body.split(' ')
  const stamp = stampOf(base64)
  return stamp && { stamp, pid }
}

function stampOf(base64: string): Stamp | null {
  try {
    const stamp = JSON.parse(Buffer.from(base64, 'base64').toString()) as unknown
    return isObject(stamp) && typeof stamp['revision'] === 'string' && isObject(stamp['split']) ? stamp as unknown as Stamp : null
  } catch { return null }
}

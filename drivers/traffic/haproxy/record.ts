import { isObject } from '../../../domain/json.js'
import type { Sticky } from '../port.js'
import type { Slots } from '../slots.js'
import type { RuntimeApi } from './runtime-api.js'

/** Which release is behind which server of a backend: what HAProxy has no words for. */
export interface Record {
  sides: Slots
  /** The address each server had then: one that another hand has moved is not that side any more. */
  at: readonly [string, string]
  /** Ids of who was last behind each server: a side that has left may still have requests under way. */
  last: readonly [string | null, string | null]
  candidate: 0 | 1 | null
  sticky: Sticky | null
}

/**
 * The record lies in a variable of the HAProxy process, so that it is lost when the weights are: at a reload.
 * A variable that was never set, or is emptied, is no record.
 */
export async function readRecord(api: RuntimeApi, backend: string): Promise<{ text: string; record: Record | null }> {
  const [, text = ''] = /value=<(.*)>$/.exec(await api.say(`get var ${variable(backend)}`)) ?? []
  try {
    const record: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return { text, record: isObject(record) && Array.isArray(record['sides']) && Array.isArray(record['at']) && Array.isArray(record['last']) ? record as unknown as Record : null }
  } catch { return { text: '', record: null } }
}

export const recordText = (record: Record): string => Buffer.from(JSON.stringify(record)).toString('base64url')

/** Up to HAProxy 2.x variables of the process are set in experimental mode only. */
export const writeRecord = (backend: string, text: string): string[] => ['experimental-mode on', `set var ${variable(backend)} str(${text})`]

const variable = (backend: string): string => `proc.releasectl_${Buffer.from(backend).toString('hex')}`

import { isObject } from '../../../domain/json.js'
import type { PlaceRecord } from '../two-places.js'
import type { RuntimeApi } from './runtime-api.js'

/**
 * The record lies in a variable of the HAProxy process, so that it is lost when the weights are: at a reload.
 * A variable that was never set, or is emptied, is no record.
 */
export async function readRecord(api: RuntimeApi, backend: string): Promise<{ text: string; record: PlaceRecord | null }> {
  const [, text = ''] = /value=<(.*)>$/.exec(await api.say(`get var ${variable(backend)}`)) ?? []
  try {
    const record: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return { text, record: isObject(record) && Array.isArray(record['sides']) && Array.isArray(record['at']) && Array.isArray(record['last']) ? record as unknown as PlaceRecord : null }
  } catch { return { text: '', record: null } }
}

export const recordText = (record: PlaceRecord): string => Buffer.from(JSON.stringify(record)).toString('base64url')

/** Up to HAProxy 2.x variables of the process are set in experimental mode only. */
export const writeRecord = (backend: string, text: string): string[] => ['experimental-mode on', `set var ${variable(backend)} str(${text})`]

const variable = (backend: string): string => `proc.releasectl_${Buffer.from(backend).toString('hex')}`

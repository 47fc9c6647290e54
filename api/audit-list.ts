import { Type, type Static } from 'typebox'
import { failure } from '../domain/failures.js'
import type { AuditFilter, AuditStore } from '../store/audit.js'
import { cursorOf, readCursor } from './cursor.js'
import { AnyJson, Moment, Next } from './schemas/parts.js'

export const AuditPage = Type.Object({
  items: Type.Array(Type.Object({ id: Type.String(), at: Moment, who: Type.String(), action: Type.String(), what: Type.String(), data: AnyJson })),
  next: Next,
})

/** Who did what, newest first. */
export class AuditList {
  readonly #audit: AuditStore
  constructor(audit: AuditStore) { this.#audit = audit }

  async list(tenant: string, { limit, cursor, ...filter }: AuditFilter & { limit: number; cursor?: string }): Promise<Static<typeof AuditPage>> {
    const rows = await this.#audit.list(tenant, filter, cursor === undefined ? null : idOf(cursor), limit)
    const last = rows.at(-1)
    return { items: rows.map(({ id, at, who, action, what, data }) => ({ id: String(id), at: at.toISOString(), who, action, what, data })), next: last && rows.length === limit ? cursorOf(String(last.id)) : null }
  }
}

function idOf(cursor: string): bigint {
  const [id = ''] = readCursor(cursor, 1)
  if (!/^\d{1,18}$/.test(id)) throw failure('REQUEST_INVALID', 'cursor must be `next` of the page before')
  return BigInt(id)
}

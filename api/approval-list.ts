import { Type, type Static } from 'typebox'
import type { ApprovalStore } from '../store/approvals.js'
import { cursorOf, readMomentCursor } from './cursor.js'
import { Next } from './schemas/parts.js'
import { ApprovalSchema } from './schemas/release-view.js'

export const ApprovalPage = Type.Object({
  items: Type.Array(Type.Object({
    releaseId: Type.String(), approval: ApprovalSchema,
    release: Type.Object({
      project: Type.String(), environment: Type.String(), version: Type.String(), planName: Type.String(), requestedBy: Type.String(), status: Type.String(),
    }),
  })),
  next: Next,
})

/** Approvals of all releases: what waits for a yes. */
export class ApprovalList {
  readonly #approvals: ApprovalStore
  constructor(approvals: ApprovalStore) { this.#approvals = approvals }

  async list(tenant: string, { status, limit, cursor }: { status?: string; limit: number; cursor?: string }): Promise<Static<typeof ApprovalPage>> {
    const from = cursor === undefined ? null : readMomentCursor(cursor, 3)
    const [releaseId = '', id = ''] = from?.rest ?? []
    const rows = await this.#approvals.list(tenant, status ?? null, from && { at: from.at, releaseId, id }, limit)
    const last = rows.at(-1)
    return {
      items: rows.map((row) => ({ releaseId: row.releaseId, approval: row.view, release: row.release })),
      next: last && rows.length === limit ? cursorOf(last.requestedAt, last.releaseId, last.id) : null,
    }
  }
}

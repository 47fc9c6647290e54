import type { PrismaClient } from './generated/client.js'
import type { ApprovalView } from '../domain/release.js'

export interface ApprovalRow {
  releaseId: string
  id: string
  status: string
  view: ApprovalView
  requestedAt: Date
  release: { project: string; environment: string; version: string; planName: string; requestedBy: string; status: string }
}

/** Approvals of all releases, as the journal wrote them. */
export class ApprovalStore {
  readonly #database: PrismaClient
  constructor(database: PrismaClient) { this.#database = database }

  /** Oldest first: who waits longest is on top. @param after the last row of the page before */
  async list(tenant: string, status: string | null, after: { at: Date; releaseId: string; id: string } | null, limit: number): Promise<ApprovalRow[]> {
    const rows = await this.#database.approval.findMany({
      where: {
        tenant, ...(status !== null && { status }),
        ...(after && { OR: [{ requestedAt: { gt: after.at } }, { requestedAt: after.at, releaseId: { gt: after.releaseId } },
          { requestedAt: after.at, releaseId: after.releaseId, id: { gt: after.id } }] }),
      },
      orderBy: [{ requestedAt: 'asc' }, { releaseId: 'asc' }, { id: 'asc' }], take: limit,
    })
    const releases = new Map((await this.#database.release.findMany({
      where: { id: { in: rows.map(({ releaseId }) => releaseId) } },
      select: { id: true, project: true, environment: true, version: true, planName: true, requestedBy: true, status: true },
    })).map(({ id, ...facts }) => [id, facts]))
    return rows.flatMap((row) => {
      const release = releases.get(row.releaseId)
      return release ? [{ ...row, view: row.view as unknown as ApprovalView, release }] : []
    })
  }
}

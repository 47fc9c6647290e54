import { Prisma, type PrismaClient } from './generated/client.js'
import { ENDINGS, type ReleaseInput, type ReleaseView } from '../domain/release.js'
import type { UndoEntry } from '../domain/undo.js'
import type { AuditEntry } from './audit.js'

const SUMMARY = {
  id: true, tenant: true, project: true, environment: true, version: true, planName: true, planVersion: true, bundle: true, requestedBy: true,
  status: true, reason: true, concurrencyKey: true, acceptedAt: true, startedAt: true, endedAt: true,
} as const
const DETAIL = { ...SUMMARY, input: true, view: true, sequence: true, workflowStarted: true, rollbacks: true, requestDigest: true } as const
export type ReleaseSummaryRow = Prisma.ReleaseGetPayload<{ select: typeof SUMMARY }>
export interface ReleaseRow extends ReleaseSummaryRow {
  /** Empty where the journal made the row: a release that another one started. */
  input: Partial<ReleaseInput>
  view: ReleaseView | null
  sequence: number
  workflowStarted: boolean
  rollbacks: number
  requestDigest: string
}
export interface NewRelease {
  input: ReleaseInput
  planVersion: number | null
  idempotencyKey: string | null
  requestDigest: string
  /** Values handed in with the release, sealed. */
  secrets: { name: string; sealed: string }[]
  audit: AuditEntry
}
/** Lists are ordered by when a release was accepted, newest first; `id` decides between equals. */
export interface ReleaseCursor { at: Date; id: string }
export interface ReleaseFilter {
  status?: string | undefined
  project?: string | undefined
  environment?: string | undefined
  version?: string | undefined
  planName?: string | undefined
  requestedBy?: string | undefined
  since?: Date | undefined
  until?: Date | undefined
}

/** Releases as the database knows them: handed in by the API, brought up to date by the journal. */
export class ReleaseStore {
  readonly #database: PrismaClient
  constructor(database: PrismaClient) { this.#database = database }

  /**
   * One statement, so all of it or nothing: the release, its secrets, its audit entry.
   * @returns false when the idempotency key is taken; nothing is written then
   */
  async accept({ input, planVersion, idempotencyKey, requestDigest, secrets, audit }: NewRelease): Promise<boolean> {
    const { release, plan } = input
    const acceptedAt = Prisma.sql`${input.acceptedAt}::timestamptz at time zone 'UTC'`
    return await this.#database.$executeRaw`
      with release as (
        insert into "Release" (id, tenant, project, environment, version, "planName", "planVersion", bundle, "requestedBy", status, "concurrencyKey",
                               "idempotencyKey", "requestDigest", input, "acceptedAt")
        values (${release.releaseId}, ${release.tenant}, ${release.project}, ${release.environment}, ${release.version}, ${plan.name}, ${planVersion}::int, ${release.bundle},
                ${release.requestedBy}, 'accepted', ${plan.concurrency.key}, ${idempotencyKey}, ${requestDigest}, ${JSON.stringify(input)}::jsonb, ${acceptedAt})
        on conflict (tenant, "idempotencyKey") do nothing returning id
      ), secret as (
        insert into "ReleaseSecret" ("releaseId", name, sealed)
        select release.id, secret.name, secret.sealed from release, jsonb_to_recordset(${JSON.stringify(secrets)}::jsonb) as secret(name text, sealed text)
      )
      insert into "Audit" (tenant, at, who, action, what, data)
      select ${audit.tenant}, ${acceptedAt}, ${audit.who}, ${audit.action}, ${audit.what}, ${JSON.stringify(audit.data)}::jsonb from release` === 1
  }

  async find(tenant: string, id: string): Promise<ReleaseRow | null> {
    return asRow(await this.#database.release.findFirst({ where: { tenant, id }, select: DETAIL }))
  }

  /** Does a release that is under way in this environment use this bundle? */
  async isBundleInUse(tenant: string, bundle: string, place: { project: string; environment: string }): Promise<boolean> {
    return await this.#database.release.count({ where: { tenant, bundle, ...place, status: { notIn: [...ENDINGS] } } }) > 0
  }

  async byIdempotencyKey(tenant: string, idempotencyKey: string): Promise<ReleaseRow | null> {
    return asRow(await this.#database.release.findUnique({ where: { tenant_idempotencyKey: { tenant, idempotencyKey } }, select: DETAIL }))
  }

  async list(tenant: string, { since, until, ...equal }: ReleaseFilter, after: ReleaseCursor | null, limit: number): Promise<ReleaseSummaryRow[]> {
    const where: Prisma.ReleaseWhereInput = { tenant, acceptedAt: { ...(since && { gte: since }), ...(until && { lt: until }) } }
    for (const [key, value] of Object.entries(equal) as [keyof typeof equal, string | undefined][]) if (value !== undefined) where[key] = value
    if (after) where.AND = [{ acceptedAt: { lte: after.at } }, { OR: [{ acceptedAt: { lt: after.at } }, { id: { lt: after.id } }] }]
    return this.#database.release.findMany({ where, orderBy: [{ acceptedAt: 'desc' }, { id: 'desc' }], take: limit, select: SUMMARY })
  }

  /** Accepted, but Temporal does not know them yet. Oldest first. */
  async unstarted(limit: number): Promise<ReleaseInput[]> {
    const rows = await this.#database.release.findMany({ where: { workflowStarted: false }, orderBy: { acceptedAt: 'asc' }, take: limit, select: { input: true } })
    return rows.map(({ input }) => input as unknown as ReleaseInput)
  }

  async markStarted(ids: string[]): Promise<void> {
    await this.#database.release.updateMany({ where: { id: { in: ids } }, data: { workflowStarted: true } })
  }

  /** A release of the same key, accepted later, that succeeded: its predecessor may no longer be taken back. */
  async successorOf(release: ReleaseRow): Promise<{ id: string; version: string } | null> {
    return this.#database.release.findFirst({
      where: { tenant: release.tenant, concurrencyKey: release.concurrencyKey, status: 'succeeded', acceptedAt: { gte: release.acceptedAt }, id: { not: release.id } },
      orderBy: { acceptedAt: 'desc' }, select: { id: true, version: true },
    })
  }

  /** Promised compensations in the order they were promised. */
  async undos(releaseId: string): Promise<UndoEntry[]> {
    const rows = await this.#database.undo.findMany({ where: { releaseId }, orderBy: { position: 'asc' } })
    return rows.map(({ entry, state }) => ({ ...entry as unknown as UndoEntry, state: state as UndoEntry['state'] }))
  }

  /** Take the number of a rollback. Two who want the same number at once both get it: its workflow starts only once. */
  async takeRollback(id: string, attempt: number): Promise<boolean> {
    return (await this.#database.release.updateMany({ where: { id, rollbacks: { in: [attempt - 1, attempt] } }, data: { rollbacks: attempt } })).count === 1
  }

  async countByStatus(): Promise<{ status: string; count: number }[]> {
    const rows = await this.#database.release.groupBy({ by: ['status'], _count: true })
    return rows.map(({ status, _count }) => ({ status, count: _count }))
  }
}

const asRow = (row: Prisma.ReleaseGetPayload<{ select: typeof DETAIL }> | null): ReleaseRow | null => row as ReleaseRow | null

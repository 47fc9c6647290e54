import type { Prisma, PrismaClient } from './generated/client.js'
import type { Json } from '../domain/json.js'

export interface AuditEntry { tenant: string; who: string; action: string; what: string; data: Json }
export interface AuditRow extends AuditEntry { id: bigint; at: Date }
export interface AuditFilter { who?: string | undefined; action?: string | undefined; what?: string | undefined }

/** Who did what, when. Rows are only ever added. */
export class AuditStore {
  readonly #database: PrismaClient
  constructor(database: PrismaClient) { this.#database = database }

  async record(entry: AuditEntry): Promise<void> { await this.#database.audit.create({ data: { ...entry, data: entry.data as Prisma.InputJsonValue } }) }

  /** Newest first. @param before the last id of the page before */
  async list(tenant: string, filter: AuditFilter, before: bigint | null, limit: number): Promise<AuditRow[]> {
    const where: Prisma.AuditWhereInput = { tenant }
    for (const key of ['who', 'action', 'what'] as const) if (filter[key] !== undefined) where[key] = filter[key]
    if (before !== null) where.id = { lt: before }
    return await this.#database.audit.findMany({ where, orderBy: { id: 'desc' }, take: limit }) as AuditRow[]
  }
}

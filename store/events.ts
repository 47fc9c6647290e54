import { Prisma, type PrismaClient } from './generated/client.js'
import type { ReleaseEvent } from '../domain/release.js'

export interface LogLine { seq: number; job: string; attempt: number; stream: string; at: Date; text: string }

/** What happened in a release and what its jobs printed, in order. Both are read forward, by cursor. */
export class EventStore {
  readonly #database: PrismaClient
  constructor(database: PrismaClient) { this.#database = database }

  async after(releaseId: string, sequence: number, limit: number): Promise<ReleaseEvent[]> {
    const rows = await this.#database.event.findMany({ where: { releaseId, sequence: { gt: sequence } }, orderBy: { sequence: 'asc' }, take: limit })
    return rows.map(({ releaseId: _, at, ...event }) => ({ ...event, at: at.toISOString() }) as ReleaseEvent)
  }

  /**
   * Chunks written by several jobs at once commit out of order: a chunk is shown once no transaction older than its
   * own is open (or after 5 s), so that a reader who goes on from the last `seq` misses none.
   */
  async logsAfter(releaseId: string, seq: number, job: string | null, limit: number): Promise<LogLine[]> {
    const rows = await this.#database.$queryRaw<(Omit<LogLine, 'seq'> & { seq: bigint })[]>(Prisma.sql`
      select seq, job, attempt, stream, at, text from "LogChunk"
      where "releaseId" = ${releaseId} and seq > ${seq} ${job === null ? Prisma.empty : Prisma.sql`and job = ${job}`}
        and (age(xmin) > age(pg_snapshot_xmin(pg_current_snapshot())::xid) or at < now() at time zone 'UTC' - interval '5 seconds')
      order by seq limit ${limit}`)
    return rows.map((row) => ({ ...row, seq: Number(row.seq) }))
  }

  /** How far each release is: a text that changes whenever its journal was written. */
  async heads(releaseIds: string[]): Promise<Map<string, string>> {
    const rows = await this.#database.release.findMany({ where: { id: { in: releaseIds } }, select: { id: true, sequence: true, status: true } })
    return new Map(rows.map((row) => [row.id, headOf(row)]))
  }
}

/** Where a release's journal is, as `heads` tells it. */
export const headOf = ({ sequence, status }: { sequence: number; status: string }): string => `${sequence} ${status}`

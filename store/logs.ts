import type { PrismaClient } from './generated/client.js'

/** Which log: of one attempt of one job. */
export interface LogKey { releaseId: string; job: string; attempt: number }
/** `offset`: bytes before this text in its stream, as the far side wrote it (before secrets were taken out). */
export interface LogText { stream: string; offset: number; text: string }
/** `seq` grows with every chunk stored; a reader asks for what came after the last it has. */
export interface LogLine extends LogKey, LogText { seq: string; at: string }

/** What jobs wrote, in chunks. The same chunk written twice is one; written again longer, the longer one. */
export class LogStore {
  readonly #database: PrismaClient
  constructor(database: PrismaClient) { this.#database = database }

  async append({ releaseId, job, attempt }: LogKey, texts: LogText[]): Promise<void> {
    const rows = texts.map(({ stream, offset, text }) => ({ releaseId, job, attempt, stream, offset: BigInt(offset), text: text.replaceAll('\0', '\uFFFD') })) // PostgreSQL has no NUL in texts
    const { count } = await this.#database.logChunk.createMany({ data: rows, skipDuplicates: true })
    if (count === rows.length) return
    for (const { text, ...id } of rows) await this.#database.logChunk.updateMany({ where: id, data: { text } })
  }

  /** The offset of each stream's last chunk: from there an attempt that takes over writes again. */
  async lastOffsets({ releaseId, job, attempt }: LogKey): Promise<Record<string, number>> {
    const rows = await this.#database.logChunk.groupBy({ by: ['stream'], where: { releaseId, job, attempt }, _max: { offset: true } })
    return Object.fromEntries(rows.map(({ stream, _max }) => [stream, Number(_max.offset ?? 0)]))
  }

  /** In the order it was stored. `after`: the last `seq` seen, '0' at first. */
  async read(releaseId: string, { after = '0', limit = 500, job }: { after?: string; limit?: number; job?: string } = {}): Promise<LogLine[]> {
    const rows = await this.#database.logChunk.findMany({
      where: { releaseId, seq: { gt: BigInt(after) }, ...(job !== undefined && { job }) }, orderBy: { seq: 'asc' }, take: limit,
    })
    return rows.map(({ seq, at, offset, ...row }) => ({ ...row, seq: String(seq), at: at.toISOString(), offset: Number(offset) }))
  }
}

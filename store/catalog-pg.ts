import { PrismaPg } from '@prisma/adapter-pg'
import { ColumnTypeEnum, type SqlQuery } from '@prisma/driver-adapter-utils'
import type { Pool } from 'pg'

const CHAR = 18 // pg_type: `"char"`, one byte, used by PostgreSQL's own catalogues only
const TEXT = 25

/**
 * The pg adapter, able to read PostgreSQL's catalogues: it knows no `"char"` and refuses the statement that describes
 * tables. Such columns pass through it as text and are called characters afterwards.
 */
export class CatalogPg extends PrismaPg {
  constructor(pool: Pool) {
    super(pool)
    this.#charColumns = watchCharColumns(pool)
  }

  readonly #charColumns: ReadonlyMap<string, number[]>

  override async connect(): ReturnType<PrismaPg['connect']> {
    const adapter = await super.connect()
    const queryRaw = adapter.queryRaw.bind(adapter)
    adapter.queryRaw = async (query: SqlQuery) => {
      const result = await queryRaw(query)
      for (const index of this.#charColumns.get(query.sql) ?? []) result.columnTypes[index] = ColumnTypeEnum.Character
      return result
    }
    return adapter
  }
}

/** Makes the pool call `"char"` text. @returns which columns of which statement were `"char"` */
function watchCharColumns(pool: Pool): ReadonlyMap<string, number[]> {
  const seen = new Map<string, number[]>()
  const query = pool.query.bind(pool) as (statement: { text: string }, values?: unknown[]) => Promise<{ fields: { dataTypeID: number }[] }>
  pool.query = (async (statement: { text: string }, values?: unknown[]) => {
    const result = await query(statement, values)
    const chars = result.fields.flatMap((field, index) => field.dataTypeID === CHAR ? [index] : [])
    for (const index of chars) Object.assign(result.fields[index] ?? {}, { dataTypeID: TEXT })
    if (chars.length > 0) seen.set(statement.text, chars)
    return result
  }) as unknown as Pool['query']
  return seen
}

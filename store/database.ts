import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from './generated/client.js'

/** Ten connections a process: API, worker and a few agents stay far below PostgreSQL's default of 100. */
const POOL_SIZE = 10

/**
 * The database as the generated client sees it. Connects at the first query; a database that is not there
 * fails that query after 5 s instead of holding it for ever, and a lost connection is replaced by the next one.
 */
export function connect(databaseUrl: string): PrismaClient {
  const adapter = new PrismaPg({
    connectionString: databaseUrl,
    max: POOL_SIZE,
    connectionTimeoutMillis: 5000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    query_timeout: 15_000, // one that takes the connection and never answers must not hang a request
    options: '-c timezone=UTC', // the columns are timestamps without a zone
  }, { onPoolError: () => undefined, onConnectionError: () => undefined }) // the next query reports it; unhandled, it would end the process
  return new PrismaClient({ adapter })
}

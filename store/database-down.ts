import { Prisma } from './generated/client.js'

/** Prisma's codes for a server that cannot be reached, is not ready, hung up, or has no connection free in time. */
const DOWN = new Set(['P1000', 'P1001', 'P1002', 'P1003', 'P1008', 'P1010', 'P1011', 'P1017', 'P2024', 'P2037'])
/** The same from the pg driver: sockets, PostgreSQL's class 08 (connection) and 57P (shutting down, starting up), its pool's time-out. */
const DRIVER = /ECONNREFUSED|ECONNRESET|ENOTFOUND|ETIMEDOUT|EPIPE|ENOENT|\b08\d{3}\b|57P0[1-3]|connection (timeout|terminated)|timeout exceeded when trying to connect/i

/** Is it the database itself that does not answer, rather than a mistake in what was asked? */
export function isDatabaseDown(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientInitializationError) return true
  if (error instanceof Prisma.PrismaClientKnownRequestError) return DOWN.has(error.code) || (error.code === 'P2010' && DRIVER.test(error.message))
  return error instanceof Error && /Prisma|DriverAdapter/.test(`${error.name} ${error.constructor.name}`) && DRIVER.test(`${error.message} ${JSON.stringify(error.cause ?? '')}`)
}

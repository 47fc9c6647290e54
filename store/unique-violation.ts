import { Prisma } from './generated/client.js'

/** Did the database refuse a row because its key is taken? */
export const isUniqueViolation = (error: unknown): boolean =>
  error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002'

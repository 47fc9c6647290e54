import { Prisma, type PrismaClient } from './generated/client.js'
import { isUniqueViolation } from './unique-violation.js'

export interface PlanRow { name: string; version: number; bundle: string; comment: string | null; createdBy: string; createdAt: Date }
const FIELDS = { name: true, version: true, bundle: true, comment: true, createdBy: true, createdAt: true } as const

/** Stored plans: a name has versions from 1, each a bundle. A deleted plan's numbers are not used again. */
export class PlanStore {
  readonly #database: PrismaClient
  constructor(database: PrismaClient) { this.#database = database }

  /** A new version, unless the newest one is the same bundle. @returns it and whether it is new */
  async save(tenant: string, plan: { name: string; bundle: string; comment: string | null; createdBy: string }): Promise<{ row: PlanRow; isNew: boolean }> {
    for (;;) {
      const last = await this.#database.plan.findFirst({ where: { tenant, name: plan.name }, orderBy: { version: 'desc' } })
      if (last && !last.deletedAt && last.bundle === plan.bundle) return { row: last, isNew: false }
      const version = (last?.version ?? 0) + 1
      try {
        return { row: await this.#database.plan.create({ data: { tenant, ...plan, version }, select: FIELDS }), isNew: true }
      } catch (error) {
        if (!isUniqueViolation(error)) throw error // someone else took this number: look again
      }
    }
  }

  /** @param version null: the newest */
  async find(tenant: string, name: string, version: number | null): Promise<PlanRow | null> {
    return this.#database.plan.findFirst({
      where: { tenant, name, deletedAt: null, ...(version !== null && { version }) }, orderBy: { version: 'desc' }, select: FIELDS,
    })
  }

  async versions(tenant: string, name: string): Promise<PlanRow[]> {
    return this.#database.plan.findMany({ where: { tenant, name, deletedAt: null }, orderBy: { version: 'desc' }, select: FIELDS, take: 200 })
  }

  /** The newest version of each plan, by name. @param after the last name of the page before */
  async list(tenant: string, after: string, limit: number): Promise<PlanRow[]> {
    return this.#database.$queryRaw<PlanRow[]>(Prisma.sql`
      select distinct on (name) name, version, bundle, comment, "createdBy", "createdAt" from "Plan"
      where tenant = ${tenant} and name > ${after} and "deletedAt" is null order by name, version desc limit ${limit}`)
  }

  /** @returns how many versions went */
  async delete(tenant: string, name: string): Promise<number> {
    return (await this.#database.plan.updateMany({ where: { tenant, name, deletedAt: null }, data: { deletedAt: new Date() } })).count
  }
}

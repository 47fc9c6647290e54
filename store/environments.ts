import { Prisma, type PrismaClient } from './generated/client.js'
import type { Json } from '../domain/json.js'

export interface NewEnvironment { name: string; description: string | null; /** ReleaseWindow, or null. */ window: Json; requireApproval: boolean; approvers: string[] }
export interface EnvironmentRow extends NewEnvironment { id: string; tenant: string; projectId: string; project: string; createdAt: Date; updatedAt: Date }

const WITH_PROJECT = { project: { select: { name: true } } } as const

/** Environments of projects. Names are unique in their project. */
export class EnvironmentStore {
  readonly #database: PrismaClient
  constructor(database: PrismaClient) { this.#database = database }

  async create(row: NewEnvironment & { id: string; tenant: string; projectId: string }): Promise<EnvironmentRow> {
    return asRow(await this.#database.environment.create({ data: { ...row, window: jsonOrNull(row.window) }, include: WITH_PROJECT }))
  }

  async find(tenant: string, id: string): Promise<EnvironmentRow | null> {
    const row = await this.#database.environment.findFirst({ where: { tenant, id }, include: WITH_PROJECT })
    return row && asRow(row)
  }

  async byName(tenant: string, project: string, name: string): Promise<EnvironmentRow | null> {
    const row = await this.#database.environment.findFirst({ where: { tenant, name, project: { name: project } }, include: WITH_PROJECT })
    return row && asRow(row)
  }

  async update(id: string, { window, ...change }: Partial<NewEnvironment>): Promise<EnvironmentRow> {
    return asRow(await this.#database.environment.update({ where: { id }, data: { ...change, ...(window !== undefined && { window: jsonOrNull(window) }) }, include: WITH_PROJECT }))
  }

  /** By name, within one project where it is named. @param after the last row of the page before */
  async list(tenant: string, { projectId, name }: { projectId?: string | undefined; name?: string | undefined }, after: { name: string; id: string } | null, limit: number): Promise<EnvironmentRow[]> {
    const rows = await this.#database.environment.findMany({
      where: {
        tenant, ...(projectId !== undefined && { projectId }),
        AND: [name === undefined ? {} : { name }, after ? { OR: [{ name: { gt: after.name } }, { name: after.name, id: { gt: after.id } }] } : {}],
      },
      orderBy: [{ name: 'asc' }, { id: 'asc' }], take: limit, include: WITH_PROJECT,
    })
    return rows.map(asRow)
  }

  /** @returns false while it has targets: nothing is deleted then */
  async delete(id: string): Promise<boolean> {
    return (await this.#database.environment.deleteMany({ where: { id, targets: { none: {} } } })).count > 0
  }
}

const jsonOrNull = (value: Json): Prisma.InputJsonValue | typeof Prisma.DbNull => value === null ? Prisma.DbNull : value
const asRow = ({ project, ...row }: Prisma.EnvironmentGetPayload<{ include: typeof WITH_PROJECT }>): EnvironmentRow => ({ ...row, project: project.name }) as EnvironmentRow

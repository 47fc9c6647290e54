import type { Prisma, PrismaClient } from './generated/client.js'

export interface NewProject { name: string; type: string | null; description: string | null; repoUrl: string | null; repoType: string | null }
export interface ProjectRow extends NewProject { id: string; tenant: string; createdBy: string; createdAt: Date; updatedAt: Date }

/** Projects of a tenant, known by id or by name. */
export class ProjectStore {
  readonly #database: PrismaClient
  constructor(database: PrismaClient) { this.#database = database }

  async create(row: NewProject & { id: string; tenant: string; createdBy: string }): Promise<ProjectRow> { return this.#database.project.create({ data: row }) }

  /** @param key id or name */
  async find(tenant: string, key: string): Promise<ProjectRow | null> { return this.#database.project.findFirst({ where: { tenant, OR: [{ id: key }, { name: key }] } }) }

  async update(id: string, change: Partial<NewProject>): Promise<ProjectRow> { return this.#database.project.update({ where: { id }, data: change }) }

  /** By name. @param after the last name of the page before */
  async list(tenant: string, after: string, limit: number): Promise<ProjectRow[]> {
    return this.#database.project.findMany({ where: { tenant, name: { gt: after } }, orderBy: { name: 'asc' }, take: limit })
  }

  /** @returns false while it has environments: nothing is deleted then */
  async delete(id: string): Promise<boolean> {
    const where: Prisma.ProjectWhereInput = { id, environments: { none: {} } }
    return (await this.#database.project.deleteMany({ where })).count > 0
  }
}

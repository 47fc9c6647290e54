import { randomUUID } from 'node:crypto'
import { Type, type Static } from 'typebox'
import { failure } from '../domain/failures.js'
import type { AuditStore } from '../store/audit.js'
import type { ProjectRow, ProjectStore } from '../store/projects.js'
import { isUniqueViolation } from '../store/unique-violation.js'
import { cursorOf, readCursor } from './cursor.js'
import type { User } from './roles.js'
import { Moment, Next, Tag, TextOrNull, orNull, strict } from './schemas/parts.js'

const Fields = {
  type: Type.Optional(orNull(Type.String({ maxLength: 50, description: 'how it is deployed: container, kubernetes, script, gitpull …' }))),
  description: Type.Optional(orNull(Type.String({ maxLength: 2000 }))),
  repoUrl: Type.Optional(orNull(Type.String({ maxLength: 2000 }))), repoType: Type.Optional(orNull(Type.String({ maxLength: 20 }))),
}
export const NewProject = Type.Object({ name: Tag, ...Fields }, strict)
export const ProjectChange = Type.Object({ name: Type.Optional(Tag), ...Fields }, { ...strict, description: 'what is left out stays' })
export const ProjectInfo = Type.Object({
  id: Type.String(), name: Type.String(), type: TextOrNull, description: TextOrNull, repoUrl: TextOrNull, repoType: TextOrNull, createdBy: Type.String(), createdAt: Moment, updatedAt: Moment,
})
type ProjectInfo = Static<typeof ProjectInfo>
export const ProjectPage = Type.Object({ items: Type.Array(ProjectInfo), next: Next })

/** What is released: services by name. */
export class Projects {
  readonly #projects: ProjectStore
  readonly #audit: AuditStore
  constructor({ projects, audit }: { projects: ProjectStore; audit: AuditStore }) {
    this.#projects = projects
    this.#audit = audit
  }

  /** @throws CONFLICT when the name is taken */
  async create({ tenant, name: who }: User, { name, ...fields }: Static<typeof NewProject>): Promise<ProjectInfo> {
    const empty = { type: null, description: null, repoUrl: null, repoType: null }
    const row = await unique(`project ${name}`, () => this.#projects.create({ id: randomUUID(), tenant, createdBy: who, name, ...empty, ...fields }))
    await this.#audit.record({ tenant, who, action: 'project.create', what: name, data: { id: row.id } })
    return infoOf(row)
  }

  async list(tenant: string, { limit, cursor }: { limit: number; cursor?: string }): Promise<Static<typeof ProjectPage>> {
    const [after = ''] = cursor === undefined ? [] : readCursor(cursor, 1)
    const rows = await this.#projects.list(tenant, after, limit)
    const last = rows.at(-1)
    return { items: rows.map(infoOf), next: last && rows.length === limit ? cursorOf(last.name) : null }
  }

  async get(tenant: string, key: string): Promise<ProjectInfo> { return infoOf(await this.row(tenant, key)) }

  /** @param key id or name. @throws NOT_FOUND */
  async row(tenant: string, key: string): Promise<ProjectRow> {
    const row = await this.#projects.find(tenant, key)
    if (!row) throw failure('NOT_FOUND', `there is no project ${key}`)
    return row
  }

  async update({ tenant, name: who }: User, key: string, change: Static<typeof ProjectChange>): Promise<ProjectInfo> {
    const { id } = await this.row(tenant, key)
    const row = await unique(`project ${change.name ?? key}`, () => this.#projects.update(id, change))
    await this.#audit.record({ tenant, who, action: 'project.update', what: row.name, data: { id, ...change } })
    return infoOf(row)
  }

  /** @throws CONFLICT while it has environments */
  async delete({ tenant, name: who }: User, key: string): Promise<void> {
    const { id, name } = await this.row(tenant, key)
    if (!await this.#projects.delete(id)) throw failure('CONFLICT', `project ${name} has environments: delete them first`)
    await this.#audit.record({ tenant, who, action: 'project.delete', what: name, data: { id } })
  }
}

/** @throws CONFLICT when the database refuses the name */
export async function unique<Row>(what: string, write: () => Promise<Row>): Promise<Row> {
  try { return await write() } catch (error) {
    if (isUniqueViolation(error)) throw failure('CONFLICT', `there is a ${what} already`)
    throw error
  }
}

const infoOf = ({ tenant: _, createdAt, updatedAt, ...row }: ProjectRow): ProjectInfo => ({ ...row, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() })

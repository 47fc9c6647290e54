import { randomUUID } from 'node:crypto'
import { Type, type Static } from 'typebox'
import { failure } from '../domain/failures.js'
import type { Json } from '../domain/json.js'
import { WindowSpec } from '../plan/plan-schema.js'
import type { AuditStore } from '../store/audit.js'
import type { EnvironmentRow, EnvironmentStore } from '../store/environments.js'
import { cursorOf, readCursor } from './cursor.js'
import { unique, type Projects } from './projects.js'
import type { User } from './roles.js'
import { AnyJson, Moment, Next, Tag, TextOrNull, orNull, strict } from './schemas/parts.js'

const Fields = {
  description: Type.Optional(orNull(Type.String({ maxLength: 2000 }))),
  window: Type.Optional(orNull(WindowSpec)),
  requireApproval: Type.Optional(Type.Boolean()),
  approvers: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { maxItems: 100 })),
}
export const NewEnvironment = Type.Object({ name: Tag, ...Fields }, strict)
export const EnvironmentChange = Type.Object({ name: Type.Optional(Tag), ...Fields }, { ...strict, description: 'what is left out stays' })
export const EnvironmentInfo = Type.Object({
  id: Type.String(), project: Type.String(), name: Type.String(), description: TextOrNull, window: orNull(AnyJson), requireApproval: Type.Boolean(), approvers: Type.Array(Type.String()),
  createdAt: Moment, updatedAt: Moment,
})
type EnvironmentInfo = Static<typeof EnvironmentInfo>
export const EnvironmentPage = Type.Object({ items: Type.Array(EnvironmentInfo), next: Next })

/** Where projects are released to. */
export class Environments {
  readonly #environments: EnvironmentStore
  readonly #projects: Projects
  readonly #audit: AuditStore
  constructor({ environments, projects, audit }: { environments: EnvironmentStore; projects: Projects; audit: AuditStore }) {
    this.#environments = environments
    this.#projects = projects
    this.#audit = audit
  }

  /** @throws CONFLICT when the project has one of that name */
  async create({ tenant, name: who }: User, project: string, { name, window, ...fields }: Static<typeof NewEnvironment>): Promise<EnvironmentInfo> {
    const { id: projectId, name: projectName } = await this.#projects.row(tenant, project)
    const row = await unique(`environment ${name} of ${projectName}`, () => this.#environments.create({
      id: randomUUID(), tenant, projectId, name, description: null, requireApproval: false, approvers: [], ...fields, window: (window ?? null),
    }))
    await this.#audit.record({ tenant, who, action: 'environment.create', what: `${projectName}/${name}`, data: { id: row.id } })
    return infoOf(row)
  }

  /** @param project id or name; undefined: of all projects */
  async list(tenant: string, project: string | undefined, { limit, cursor, name }: { limit: number; cursor?: string; name?: string }): Promise<Static<typeof EnvironmentPage>> {
    const projectId = project === undefined ? undefined : (await this.#projects.row(tenant, project)).id
    const [after = '', id = ''] = cursor === undefined ? [] : readCursor(cursor, 2)
    const rows = await this.#environments.list(tenant, { projectId, name }, cursor === undefined ? null : { name: after, id }, limit)
    const last = rows.at(-1)
    return { items: rows.map(infoOf), next: last && rows.length === limit ? cursorOf(last.name, last.id) : null }
  }

  async get(tenant: string, id: string): Promise<EnvironmentInfo> { return infoOf(await this.row(tenant, id)) }

  /** @throws NOT_FOUND */
  async row(tenant: string, id: string): Promise<EnvironmentRow> {
    const row = await this.#environments.find(tenant, id)
    if (!row) throw failure('NOT_FOUND', `there is no environment ${id}`)
    return row
  }

  async update({ tenant, name: who }: User, id: string, { window, ...change }: Static<typeof EnvironmentChange>): Promise<EnvironmentInfo> {
    const before = await this.row(tenant, id)
    const row = await unique(`environment ${change.name ?? before.name} of ${before.project}`, () => this.#environments.update(id, { ...change, ...(window !== undefined && { window: window }) }))
    await this.#audit.record({ tenant, who, action: 'environment.update', what: `${row.project}/${row.name}`, data: { id, ...change, ...(window !== undefined && { window: window as Json }) } })
    return infoOf(row)
  }

  /** @throws CONFLICT while it has targets */
  async delete({ tenant, name: who }: User, id: string): Promise<void> {
    const { project, name } = await this.row(tenant, id)
    if (!await this.#environments.delete(id)) throw failure('CONFLICT', `environment ${project}/${name} has targets: delete them first`)
    await this.#audit.record({ tenant, who, action: 'environment.delete', what: `${project}/${name}`, data: { id } })
  }
}

const infoOf = ({ tenant: _, projectId: __, createdAt, updatedAt, ...row }: EnvironmentRow): EnvironmentInfo => ({ ...row, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() })

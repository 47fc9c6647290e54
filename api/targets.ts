import { randomUUID } from 'node:crypto'
import { Type, type Static } from 'typebox'
import { failure } from '../domain/failures.js'
import { TARGET_PRESENCES, TARGET_TYPES, TARGET_VIAS, presenceOf } from '../domain/target.js'
import { TargetConfig } from '../plan/addresses.js'
import { Name } from '../plan/schema-parts.js'
import type { AuditStore } from '../store/audit.js'
import type { InstallationStore } from '../store/installations.js'
import type { TargetRow, TargetStore } from '../store/targets.js'
import { cursorOf, readCursor } from './cursor.js'
import type { Environments } from './environments.js'
import { unique } from './projects.js'
import type { User } from './roles.js'
import { AnyJson, JsonMap, Moment, MomentOrNull, Next, Page, Tag, TextOrNull, oneOf, orNull, strict } from './schemas/parts.js'
import { reachable, withSealedSecrets } from './target-config.js'

const Labels = Type.Record(Type.String({ minLength: 1, maxLength: 100 }), Type.String({ maxLength: 200 }), { maxProperties: 50 })
const Fields = {
  host: Type.Optional(orNull(Type.String({ minLength: 1, maxLength: 500, description: 'name or address, for scripts; for a direct host also where to log in' }))),
  labels: Type.Optional(Labels),
  priority: Type.Optional(Type.Integer({ minimum: -1_000_000, maximum: 1_000_000, description: 'higher first' })),
  config: Type.Optional(TargetConfig),
}
export const NewTarget = Type.Object({ name: Name, type: oneOf(TARGET_TYPES), via: Type.Optional(oneOf(TARGET_VIAS, { description: 'default: direct' })), ...Fields }, strict)
export const TargetChange = Type.Object({ name: Type.Optional(Name), via: Type.Optional(oneOf(TARGET_VIAS)), ...Fields }, { ...strict, description: 'what is left out stays' })
export const TargetInfo = Type.Object({
  id: Type.String(), project: Type.String(), environment: Type.String(), environmentId: Type.String(), name: Type.String(), type: oneOf(TARGET_TYPES), via: oneOf(TARGET_VIAS), host: TextOrNull,
  labels: Type.Record(Type.String(), Type.String()), priority: Type.Integer(), config: JsonMap, status: oneOf(TARGET_PRESENCES), lastSeenAt: MomentOrNull, createdAt: Moment, updatedAt: Moment,
})
type TargetInfo = Static<typeof TargetInfo>
export const TargetPage = Type.Object({ items: Type.Array(TargetInfo), next: Next })
export const TargetStatus = Type.Object({
  ...TargetInfo.properties,
  health: orNull(AnyJson),
  installations: Type.Array(Type.Object({ project: Type.String(), version: Type.String(), status: Type.String(), backupPath: TextOrNull, backupCount: Type.Integer(), releaseId: TextOrNull, installedAt: Moment, lastUpdatedAt: Moment })),
})
export const TargetQuery = Type.Object({
  ...Page, project: Type.Optional(Tag), environment: Type.Optional(Tag), name: Type.Optional(Tag), type: Type.Optional(oneOf(TARGET_TYPES)), status: Type.Optional(oneOf(TARGET_PRESENCES)),
  selector: Type.Optional(Type.String({ maxLength: 2000, description: 'labels it must have: role=web,region=eu' })),
}, strict)
type TargetQuery = Static<typeof TargetQuery>

/** Hosts, container engines and clusters that stages with `targets` act on. */
export class Targets {
  readonly #targets: TargetStore
  readonly #installations: InstallationStore
  readonly #environments: Environments
  readonly #audit: AuditStore
  readonly #key: { seal(text: string): string }
  constructor({ targets, installations, environments, audit, key }: { targets: TargetStore; installations: InstallationStore; environments: Environments; audit: AuditStore; key: { seal(text: string): string } }) {
    this.#targets = targets
    this.#installations = installations
    this.#environments = environments
    this.#audit = audit
    this.#key = key
  }

  /** @throws CONFLICT when the environment has one of that name, REQUEST_INVALID when nothing says how it is reached */
  async create({ tenant, name: who }: User, environmentId: string, { config = {}, ...given }: Static<typeof NewTarget>): Promise<TargetInfo> {
    const { project, name: environment } = await this.#environments.row(tenant, environmentId)
    const target = { via: 'direct' as const, host: null, labels: {}, priority: 0, ...given, config: withSealedSecrets(config, this.#key) }
    const row = await unique(`target ${given.name} in ${project}/${environment}`, () => this.#targets.create({ id: randomUUID(), tenant, environmentId, ...target, config: reachable(target) }))
    await this.#audit.record({ tenant, who, action: 'target.create', what: `${project}/${environment}/${row.name}`, data: { id: row.id } })
    return infoOf(row)
  }

  async list(tenant: string, { limit, cursor, selector, status, name: named, ...filter }: TargetQuery, environmentId?: string): Promise<Static<typeof TargetPage>> {
    const [name = '', id = ''] = cursor === undefined ? [] : readCursor(cursor, 2)
    const labels = selector === undefined ? {} : labelsOf(selector)
    const rows = await this.#targets.list(tenant, { ...filter, environmentId, labels, presence: status, ...(named !== undefined && { names: [named] }) }, cursor === undefined ? null : { name, id }, limit)
    const last = rows.at(-1)
    return { items: rows.map(infoOf), next: last && rows.length === limit ? cursorOf(last.name, last.id) : null }
  }

  async get(tenant: string, id: string): Promise<TargetInfo> { return infoOf(await this.#row(tenant, id)) }

  /** Is it there, how does it feel, what is on it? */
  async status(tenant: string, id: string): Promise<Static<typeof TargetStatus>> {
    const row = await this.#row(tenant, id)
    const installations = await this.#installations.of(tenant, id)
    return {
      ...infoOf(row), health: row.health,
      installations: installations.map(({ tenant: _, targetId: __, installedAt, lastUpdatedAt, ...one }) => ({ ...one, installedAt: installedAt.toISOString(), lastUpdatedAt: lastUpdatedAt.toISOString() })),
    }
  }

  /** `config` is replaced as a whole. */
  async update({ tenant, name: who }: User, id: string, { config, ...change }: Static<typeof TargetChange>): Promise<TargetInfo> {
    const before = await this.#row(tenant, id)
    const after = { ...before, ...change, ...(config && { config: withSealedSecrets(config, this.#key) }) }
    const row = await unique(`target ${after.name} in ${before.project}/${before.environment}`, () => this.#targets.update(tenant, id, { ...change, config: reachable(after) }))
    if (!row) throw failure('NOT_FOUND', `there is no target ${id}`)
    await this.#audit.record({ tenant, who, action: 'target.update', what: `${row.project}/${row.environment}/${row.name}`, data: { id, ...change, ...(config && { config: 'replaced' }) } })
    return infoOf(row)
  }

  async delete({ tenant, name: who }: User, id: string): Promise<void> {
    const { project, environment, name } = await this.#row(tenant, id)
    await this.#targets.delete(tenant, id)
    await this.#audit.record({ tenant, who, action: 'target.delete', what: `${project}/${environment}/${name}`, data: { id } })
  }

  async #row(tenant: string, id: string): Promise<TargetRow> {
    const row = await this.#targets.find(tenant, id)
    if (!row) throw failure('NOT_FOUND', `there is no target ${id}`)
    return row
  }
}

/** `role=web,region=eu`. @throws REQUEST_INVALID */
function labelsOf(selector: string): Record<string, string> {
  return Object.fromEntries(selector.split(',').map((pair): [string, string] => {
    const [, name, value] = /^\s*([^=\s]+)\s*={1,2}\s*(.*?)\s*$/.exec(pair) ?? []
    if (name === undefined || value === undefined) throw failure('REQUEST_INVALID', `selector ${pair}: must be label=value`)
    return [name, value]
  }))
}

function infoOf(row: TargetRow): TargetInfo {
  const { id, project, environment, environmentId, name, type, via, host, labels, priority, config, lastSeenAt, createdAt, updatedAt } = row
  return {
    id, project, environment, environmentId, name, type, via, host, labels, priority, config, status: presenceOf(row, Date.now()),
    lastSeenAt: lastSeenAt?.toISOString() ?? null, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString(),
  }
}

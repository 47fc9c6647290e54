import type { Prisma} from './generated/client.js';
import { type PrismaClient } from './generated/client.js'
import type { Json, JsonObject } from '../domain/json.js'
import { AWAY_AFTER_MS, type TargetPresence, type TargetRef, type TargetType, type TargetVia } from '../domain/target.js'

export interface NewTarget {
  name: string
  type: TargetType
  via: TargetVia
  host: string | null
  labels: Record<string, string>
  priority: number
  /** plan/addresses.ts TargetConfig; secrets as references. */
  config: JsonObject
}
export interface TargetRow extends NewTarget {
  id: string
  tenant: string
  environmentId: string
  environment: string
  project: string
  lastSeenAt: Date | null
  reachable: boolean | null
  health: Json
  createdAt: Date
  updatedAt: Date
}
/** What an agent tells of itself. `versions`: what it has installed, by project. */
export interface Heartbeat { health?: Json; load?: Json; versions?: Json; at: Date }
export interface TargetFilter {
  environmentId?: string | undefined
  project?: string | undefined
  environment?: string | undefined
  type?: TargetType | undefined
  presence?: TargetPresence | undefined
  /** Labels it must have, all of them. */
  labels?: Record<string, string> | undefined
  names?: string[] | undefined
}

const WITH_PLACE = { environment: { select: { name: true, project: { select: { name: true } } } } } as const

/** Targets of environments. Names are unique in their environment, ids in the installation. */
export class TargetStore {
  readonly #database: PrismaClient
  constructor(database: PrismaClient) { this.#database = database }

  async create(row: NewTarget & { id: string; tenant: string; environmentId: string }): Promise<TargetRow> {
    return asRow(await this.#database.target.create({ data: row, include: WITH_PLACE }))
  }

  /** @returns null when there is none */
  async update(tenant: string, id: string, change: Partial<NewTarget>): Promise<TargetRow | null> {
    const { count } = await this.#database.target.updateMany({ where: { tenant, id }, data: change })
    return count === 0 ? null : this.find(tenant, id)
  }

  async find(tenant: string, id: string): Promise<TargetRow | null> {
    const row = await this.#database.target.findFirst({ where: { tenant, id }, include: WITH_PLACE })
    return row && asRow(row)
  }

  /** How a target is reached. `config` is a TargetConfig of plan/addresses.ts. @returns null when there is none */
  async findConfig(tenant: string, id: string): Promise<{ target: TargetRef; config: JsonObject } | null> {
    const row = await this.find(tenant, id)
    return row && { target: refOf(row), config: row.config }
  }

  /** By name. @param after the last row of the page before */
  async list(tenant: string, filter: TargetFilter, after: { name: string; id: string } | null, limit: number): Promise<TargetRow[]> {
    const rows = await this.#database.target.findMany({
      where: { AND: [whereOf(tenant, filter), after ? { OR: [{ name: { gt: after.name } }, { name: after.name, id: { gt: after.id } }] } : {}] },
      orderBy: [{ name: 'asc' }, { id: 'asc' }], take: limit, include: WITH_PLACE,
    })
    return rows.map(asRow)
  }

  /** All that a stage acts on, highest priority first, then by name. */
  async select(tenant: string, filter: TargetFilter): Promise<TargetRow[]> {
    const rows = await this.#database.target.findMany({ where: whereOf(tenant, filter), orderBy: [{ priority: 'desc' }, { name: 'asc' }, { id: 'asc' }], include: WITH_PLACE })
    return rows.map(asRow)
  }

  /** What was installed on it is forgotten with it. @returns false when there is none */
  async delete(tenant: string, id: string): Promise<boolean> {
    const [{ count }] = await this.#database.$transaction([
      this.#database.target.deleteMany({ where: { tenant, id } }), this.#database.installation.deleteMany({ where: { tenant, targetId: id } }),
    ])
    return count > 0
  }

  /** An agent is there. An older word never overwrites a newer one. @returns false when there is no such target, or a newer word */
  async heartbeat(id: string, { health = null, load = null, versions = null, at }: Heartbeat): Promise<boolean> {
    const { count } = await this.#database.target.updateMany({
      where: { id, OR: [{ lastSeenAt: null }, { lastSeenAt: { lt: at } }] },
      data: { lastSeenAt: at, health: { health, load, versions } },
    })
    return count > 0
  }

  /** What a probe of a direct target found. */
  async probed(id: string, reachable: boolean, at: Date): Promise<void> {
    await this.#database.target.updateMany({ where: { id }, data: { reachable, ...(reachable && { lastSeenAt: at }) } })
  }
}

export const refOf = ({ id, name, type, via, host, labels, priority }: TargetRow): TargetRef => ({ id, name, type, via, host, labels, priority })

function whereOf(tenant: string, { environmentId, project, environment, type, presence, labels = {}, names }: TargetFilter): Prisma.TargetWhereInput {
  return {
    tenant, ...(environmentId !== undefined && { environmentId }), ...(type !== undefined && { type }), ...(names && { name: { in: names } }),
    ...((project !== undefined || environment !== undefined) && { environment: { ...(environment !== undefined && { name: environment }), ...(project !== undefined && { project: { name: project } }) } }),
    AND: [...Object.entries(labels).map(([key, value]) => ({ labels: { path: [key], equals: value } })), ...presence === undefined ? [] : [presenceWhere(presence)]],
  }
}

/** domain/target.ts presenceOf, as a question to the database. */
function presenceWhere(presence: TargetPresence): Prisma.TargetWhereInput {
  const since = new Date(Date.now() - AWAY_AFTER_MS)
  const [agent, direct]: Prisma.TargetWhereInput[] = {
    online: [{ lastSeenAt: { gte: since } }, { reachable: true }], offline: [{ lastSeenAt: { lt: since } }, { reachable: false }], unknown: [{ lastSeenAt: null }, { reachable: null }],
  }[presence]
  return { OR: [{ via: 'agent', ...agent }, { via: 'direct', ...direct }] }
}

type Found = Prisma.TargetGetPayload<{ include: typeof WITH_PLACE }>
function asRow({ environment, ...row }: Found): TargetRow {
  return { ...row, environment: environment.name, project: environment.project.name } as unknown as TargetRow
}

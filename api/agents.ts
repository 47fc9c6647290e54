import { Type, type Static } from 'typebox'
import { failure } from '../domain/failures.js'
import { isObject, type Json } from '../domain/json.js'
import { lateParts } from '../domain/late-value.js'
import { isEnding } from '../domain/release.js'
import { agentTaskQueue } from '../domain/target.js'
import type { BundleStore, Sealer } from '../store/bundles.js'
import type { LogKey, LogStore, LogText } from '../store/logs.js'
import type { ReleaseRow, ReleaseStore } from '../store/releases.js'
import type { SnapshotStore } from '../store/snapshots.js'
import type { TargetRow, TargetStore } from '../store/targets.js'
import type { User } from './roles.js'
import { JsonMap, Moment, strict } from './schemas/parts.js'

export const AgentSelf = Type.Object({
  id: Type.String(), name: Type.String(), tenant: Type.String(), project: Type.String(), environment: Type.String(),
  temporal: Type.Object({ address: Type.String({ description: 'as this API reaches it' }), namespace: Type.String(), taskQueue: Type.String({ description: 'its own' }), workerQueue: Type.String({ description: 'where releasectl\'s own workflows run' }) }),
})
export const Beat = Type.Object({
  health: Type.Optional(JsonMap), load: Type.Optional(JsonMap), versions: Type.Optional(JsonMap), at: Type.Optional(Moment),
}, { ...strict, description: 'load: loadavg, memory and disk in bytes' })
export const LogBatch = Type.Object({
  job: Type.String({ minLength: 1, maxLength: 500 }), attempt: Type.Integer({ minimum: 0 }),
  texts: Type.Array(Type.Object({ stream: Type.String({ maxLength: 100 }), offset: Type.Integer({ minimum: 0 }), text: Type.String() }, strict), { maxItems: 1000 }),
}, strict)
export const SnapshotText = Type.Object({ text: Type.String() }, strict)

export interface AgentDeps {
  targets: TargetStore
  releases: ReleaseStore
  logs: LogStore
  bundles: BundleStore
  snapshots: SnapshotStore
  key: Sealer
  resolveSecret: (reference: string, context: { tenant: string; releaseId: string }) => Promise<string>
  temporal: { address: string; namespace: string; workerQueue: string }
}

/**
 * What agents may ask: they have neither database nor key. An agent is served for releases of its target's environment that
 * are under way, and with secrets that such a release's plan names. Snapshots it seals only it can open.
 */
export class Agents {
  readonly #deps: AgentDeps
  constructor(deps: AgentDeps) { this.#deps = deps }

  async self(user: User): Promise<Static<typeof AgentSelf>> {
    const { id, name, project, environment } = await this.#target(user)
    return { id, name, tenant: user.tenant, project, environment, temporal: { ...this.#deps.temporal, taskQueue: agentTaskQueue(id) } }
  }

  async beat(user: User, { at, health, load, versions }: Static<typeof Beat>): Promise<void> {
    const { id } = await this.#target(user)
    const json = (value: Record<string, unknown> | undefined): Json => (value ?? null) as Json
    await this.#deps.targets.heartbeat(id, { health: json(health), load: json(load), versions: json(versions), at: soonest(at) })
  }

  /** @throws FORBIDDEN, SECRET_MISSING */
  async secret(user: User, releaseId: string, reference: string): Promise<{ value: string }> {
    const { row } = await this.#release(user, releaseId)
    const named = lateParts(row.input.plan ?? null).some((part) => 'secret' in part && part.secret === reference)
    if (!named) throw failure('FORBIDDEN', `the plan of release ${releaseId} names no such secret`)
    return { value: await this.#deps.resolveSecret(reference, { tenant: user.tenant, releaseId }) }
  }

  async bundle(user: User, digest: string): Promise<{ files: Record<string, string> }> {
    const { project, environment } = await this.#target(user)
    if (!await this.#deps.releases.isBundleInUse(user.tenant, digest, { project, environment })) throw failure('FORBIDDEN', `no release under way in ${project}/${environment} has bundle ${digest}`)
    return { files: (await this.#deps.bundles.find(user.tenant, digest))?.files ?? {} }
  }

  async log(user: User, releaseId: string, job: Omit<LogKey, 'releaseId'>, texts: LogText[]): Promise<void> {
    await this.#deps.logs.append(await this.#logKey(user, releaseId, job), texts)
  }
  async lastOffsets(user: User, releaseId: string, job: Omit<LogKey, 'releaseId'>): Promise<Record<string, number>> {
    return this.#deps.logs.lastOffsets(await this.#logKey(user, releaseId, job))
  }

  async seal(user: User, text: string): Promise<string> {
    return this.#deps.key.seal(JSON.stringify({ agentOf: (await this.#target(user)).id, text }))
  }
  /** @throws FORBIDDEN when it is not what this agent has sealed: the key opens everything else too */
  async open(user: User, sealed: string): Promise<string> {
    const { id } = await this.#target(user)
    const opened = parsed(() => this.#deps.key.open(sealed))
    if (!isObject(opened) || opened['agentOf'] !== id || typeof opened['text'] !== 'string') throw failure('FORBIDDEN', 'this agent has not sealed that')
    return opened['text']
  }
  async saveSnapshot(user: User, sealed: string): Promise<string> {
    await this.open(user, sealed)
    return this.#deps.snapshots.save(sealed)
  }
  /** Sealed; null: there is none. */
  async findSnapshot(user: User, digest: string): Promise<string | null> {
    await this.#target(user)
    return this.#deps.snapshots.find(digest)
  }

  async #target({ tenant, target }: User): Promise<TargetRow> {
    const row = target === null ? null : await this.#deps.targets.find(tenant, target)
    if (row?.via !== 'agent') throw failure('FORBIDDEN', 'the target of this token is gone, or is no longer reached by an agent')
    return row
  }

  async #release(user: User, releaseId: string): Promise<{ row: ReleaseRow; target: TargetRow }> {
    const target = await this.#target(user)
    const row = await this.#deps.releases.find(user.tenant, releaseId)
    const isOurs = row?.project === target.project && row.environment === target.environment && !isEnding(row.status)
    if (!isOurs) throw failure('FORBIDDEN', `release ${releaseId} is not under way in ${target.project}/${target.environment}`)
    return { row, target }
  }

  /** An agent writes the logs of its own jobs: `<job>@<target>`, `<job>@<target> (undo)`. A last word may come after the end. */
  async #logKey(user: User, releaseId: string, { job, attempt }: Omit<LogKey, 'releaseId'>): Promise<LogKey> {
    const { name, project, environment } = await this.#target(user)
    const row = await this.#deps.releases.find(user.tenant, releaseId)
    if (row?.project !== project || row.environment !== environment) throw failure('FORBIDDEN', `release ${releaseId} is not of ${project}/${environment}`)
    if (!job.replace(/ \([a-z]+\)$/, '').endsWith(`@${name}`)) throw failure('FORBIDDEN', `${job} is no job of target ${name}`)
    return { releaseId, job, attempt }
  }
}

/** A clock that runs ahead must not make an agent seem there for longer. */
const soonest = (at: string | undefined): Date => new Date(Math.min(Date.now(), at === undefined ? Infinity : Date.parse(at)))

function parsed(open: () => string): unknown {
  try { return JSON.parse(open()) } catch { return null }
}

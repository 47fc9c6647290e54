import { Type, type Static } from 'typebox'
import { failure } from '../domain/failures.js'
import type { AuditStore } from '../store/audit.js'
import type { BundleFiles } from '../store/bundles.js'
import type { PlanRow, PlanStore } from '../store/plans.js'
import { bundleOf } from './bundle-files.js'
import type { Bundles } from './bundles.js'
import { cursorOf, readCursor } from './cursor.js'
import type { PlanCompiler, CompileRequest } from './plan-compiler.js'
import { Issue } from './problem.js'
import type { User } from './roles.js'
import type { Explanation } from './schemas/explanation.js'
import { CompileWith, PlanSource } from './schemas/release.js'
import { Files, Moment, Next, TextOrNull, strict } from './schemas/parts.js'

export const PlanInfo = Type.Object({
  name: Type.String(), version: Type.Integer(), bundle: Type.String(), comment: TextOrNull, createdBy: Type.String(), createdAt: Moment,
})
export const PlanDetail = Type.Object({ ...PlanInfo.properties, entry: Type.String(), files: Files, versions: Type.Array(PlanInfo) })
export const PlanPage = Type.Object({ items: Type.Array(PlanInfo), next: Next })
export const SavePlan = Type.Object({
  planText: PlanSource.planText, bundle: PlanSource.bundle, files: PlanSource.files, entry: PlanSource.entry, comment: Type.Optional(Type.String({ maxLength: 2000 })),
}, strict)
export const CheckPlan = Type.Object({ ...PlanSource, ...CompileWith }, strict)
export const CheckStored = Type.Object({ ...CompileWith }, { ...strict, default: {} })
export const Validity = Type.Object({ valid: Type.Boolean(), name: TextOrNull, issues: Type.Array(Issue) })

/** Where a plan comes from: exactly one of `plan`, `planText`, `bundle`, `files`. */
export type Source = { [Key in keyof typeof PlanSource]?: Static<(typeof PlanSource)[Key]> }
/** A plan as found: its files, and which stored version they are. */
export interface FoundPlan { bundle: BundleFiles; planVersion: number | null }

/** Stored plans, and plans that are only looked at. */
export class Plans {
  readonly #plans: PlanStore
  readonly #bundles: Bundles
  readonly #audit: AuditStore
  readonly #compiler: PlanCompiler
  constructor({ plans, bundles, audit, compiler }: { plans: PlanStore; bundles: Bundles; audit: AuditStore; compiler: PlanCompiler }) {
    this.#plans = plans
    this.#bundles = bundles
    this.#audit = audit
    this.#compiler = compiler
  }

  /** @throws REQUEST_INVALID when not exactly one source is given, NOT_FOUND */
  async find(tenant: string, { plan, planText, bundle, files, entry }: Source): Promise<FoundPlan> {
    const given = Object.entries({ plan, planText, bundle, files }).flatMap(([key, value]) => value === undefined ? [] : [key])
    if (given.length !== 1) throw failure('REQUEST_INVALID', `give exactly one of plan, planText, bundle, files; given: ${given.join(', ') || 'none'}`)
    if (entry !== undefined && !files) throw failure('REQUEST_INVALID', 'entry goes with files')
    if (plan) {
      const row = await this.#row(tenant, plan.name, plan.version ?? null)
      return { bundle: await this.#bundles.files(tenant, row.bundle), planVersion: row.version }
    }
    if (bundle !== undefined) return { bundle: await this.#bundles.files(tenant, bundle), planVersion: null }
    return { bundle: files ? bundleOf(files, entry) : bundleOf({ 'plan.yaml': planText ?? '' }, 'plan.yaml'), planVersion: null }
  }

  /** A new version, unless the newest is the same. @throws PLAN_INVALID with every issue */
  async save({ tenant, name: who }: User, { comment, ...source }: Static<typeof SavePlan>): Promise<{ plan: Static<typeof PlanInfo>; isNew: boolean }> {
    const { bundle } = await this.find(tenant, source)
    const { name } = this.#compiler.mustBeValid(bundle)
    const { digest } = await this.#bundles.upload({ tenant, name: who }, bundle, undefined)
    const { row, isNew } = await this.#plans.save(tenant, { name, bundle: digest, comment: comment ?? null, createdBy: who })
    if (isNew) await this.#audit.record({ tenant, who, action: 'plan.save', what: name, data: { version: row.version, bundle: digest } })
    return { plan: infoOf(row), isNew }
  }

  async list(tenant: string, { limit, cursor }: { limit: number; cursor?: string }): Promise<Static<typeof PlanPage>> {
    const [after = ''] = cursor === undefined ? [] : readCursor(cursor, 1)
    const rows = await this.#plans.list(tenant, after, limit)
    const last = rows.at(-1)
    return { items: rows.map(infoOf), next: last && rows.length === limit ? cursorOf(last.name) : null }
  }

  async get(tenant: string, name: string, version: number | null): Promise<Static<typeof PlanDetail>> {
    const row = await this.#row(tenant, name, version)
    const { entry, files } = await this.#bundles.files(tenant, row.bundle)
    return { ...infoOf(row), entry, files, versions: (await this.#plans.versions(tenant, name)).map(infoOf) }
  }

  /** Its versions stay for the releases they made, but start no more. @throws NOT_FOUND */
  async delete({ tenant, name: who }: User, name: string): Promise<void> {
    const versions = await this.#plans.delete(tenant, name)
    if (versions === 0) throw failure('NOT_FOUND', `there is no plan ${name}`)
    await this.#audit.record({ tenant, who, action: 'plan.delete', what: name, data: { versions } })
  }

  async validate(tenant: string, given: Source & CompileRequest): Promise<Static<typeof Validity>> {
    return this.#compiler.check((await this.find(tenant, sourceOf(given))).bundle, given)
  }

  /** @throws PLAN_INVALID with every issue */
  async explain(tenant: string, given: Source & CompileRequest): Promise<Explanation> {
    return this.#compiler.explain((await this.find(tenant, sourceOf(given))).bundle, given)
  }

  async #row(tenant: string, name: string, version: number | null): Promise<PlanRow> {
    const row = await this.#plans.find(tenant, name, version)
    if (!row) throw failure('NOT_FOUND', `there is no plan ${name}${version === null ? '' : ` version ${version}`}`)
    return row
  }
}

export const sourceOf = ({ plan, planText, bundle, files, entry }: Source): Source => ({
  ...(plan && { plan }), ...(planText !== undefined && { planText }), ...(bundle !== undefined && { bundle }), ...(files && { files }), ...(entry !== undefined && { entry }),
})

const infoOf = ({ name, version, bundle, comment, createdBy, createdAt }: PlanRow): Static<typeof PlanInfo> => ({ name, version, bundle, comment, createdBy, createdAt: createdAt.toISOString() })

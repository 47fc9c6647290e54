import { Type, type Static } from 'typebox'
import { TARGET_RUN_STATUSES, type TargetRun } from '../domain/target-run.js'
import type { TargetRunStore } from '../store/target-runs.js'
import { cursorOf, readCursor } from './cursor.js'
import type { ReleaseReads } from './release-reads.js'
import { JobSchema } from './schemas/release-view.js'
import { Moment, MomentOrNull, Next, Page, Tag, TextOrNull, oneOf, orNull, strict } from './schemas/parts.js'
import { TARGET_TYPES, TARGET_VIAS } from '../domain/target.js'

export const TargetRunInfo = Type.Object({
  stage: Type.String(), position: Type.Integer(), wave: Type.Integer({ description: 'from 0; -1: no wave takes it' }),
  target: Type.Object({ id: Type.String(), name: Type.String(), type: oneOf(TARGET_TYPES), via: oneOf(TARGET_VIAS), host: TextOrNull, labels: Type.Record(Type.String(), Type.String()), priority: Type.Integer() }),
  status: oneOf(TARGET_RUN_STATUSES), message: TextOrNull, pass: Type.Integer({ description: 'how often it was run' }),
  jobs: Type.Array(JobSchema), startedAt: orNull(Moment), endedAt: MomentOrNull,
})
export const TargetRunPage = Type.Object({ items: Type.Array(TargetRunInfo), next: Next })
export const TargetRunQuery = Type.Object({ ...Page, stage: Type.Optional(Tag), status: Type.Optional(oneOf(TARGET_RUN_STATUSES)), target: Type.Optional(Tag) }, strict)

/** The targets of a release, each with its jobs, as their own workflows wrote them down. */
export class ReleaseTargets {
  readonly #runs: TargetRunStore
  readonly #reads: ReleaseReads
  constructor({ runs, reads }: { runs: TargetRunStore; reads: ReleaseReads }) {
    this.#runs = runs
    this.#reads = reads
  }

  /** @throws RELEASE_NOT_FOUND */
  async list(tenant: string, id: string, { limit, cursor, target, ...filter }: Static<typeof TargetRunQuery>): Promise<{ items: TargetRun[]; next: string | null }> {
    await this.#reads.row(tenant, id)
    const [stage = '', position = ''] = cursor === undefined ? [] : readCursor(cursor, 2)
    const items = await this.#runs.list(id, { ...filter, name: target }, cursor === undefined ? null : { stage, position: Number(position) }, limit)
    const last = items.at(-1)
    return { items, next: last && items.length === limit ? cursorOf(last.stage, last.position) : null }
  }
}

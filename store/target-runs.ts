import type { Prisma} from './generated/client.js';
import { type PrismaClient } from './generated/client.js'
import type { TargetRef } from '../domain/target.js'
import { TO_RUN, type FleetBrief, type TargetRun, type TargetRunStatus } from '../domain/target-run.js'
import type { JobView } from '../domain/release.js'
import type { UndoEntry } from '../domain/undo.js'

/** Which stage of which release. */
export interface StageKey { releaseId: string; stage: string }
export interface RunKey extends StageKey { name: string }
/** A target's row as its workflow needs it. */
export interface RunState { target: TargetRef; status: TargetRunStatus; pass: number; jobs: JobView[]; undo: UndoEntry[] }
const VIEW = { stage: true, position: true, wave: true, target: true, status: true, message: true, pass: true, jobs: true, startedAt: true, endedAt: true } as const
const json = (value: unknown): Prisma.InputJsonValue => value as Prisma.InputJsonValue

/** How far each target of a release is, and what would be taken back. A target's row is written by that target's own workflow. */
export class TargetRunStore {
  readonly #database: PrismaClient
  constructor(database: PrismaClient) { this.#database = database }

  /** The stage's choice, all of it or none. @returns false when it was made before: that one counts */
  async begin({ releaseId, stage }: StageKey, tenant: string, brief: FleetBrief, selected: { waves: string[]; targets: { target: TargetRef; wave: number }[] }): Promise<boolean> {
    const rows = selected.targets.map(({ target, wave }, position) => ({
      releaseId, stage, name: target.name, targetId: target.id, position, wave, target: json(target), jobs: [], undo: [],
      ...(wave < 0 ? { status: 'skipped', message: 'no wave takes it' } : { status: 'pending' }),
    }))
    return await this.#database.$transaction(async (transaction) => {
      const { count } = await transaction.fleetStage.createMany({ data: [{ releaseId, stage, tenant, brief: json({ ...brief, waves: selected.waves }) }], skipDuplicates: true })
      if (count > 0) await transaction.targetRun.createMany({ data: rows })
      return count > 0
    })
  }

  /** null: the stage has not begun. */
  async brief({ releaseId, stage }: StageKey): Promise<FleetBrief & { waves: string[] } | null> {
    const row = await this.#database.fleetStage.findUnique({ where: { releaseId_stage: { releaseId, stage } } })
    return row && row.brief as unknown as FleetBrief & { waves: string[] }
  }

  async chosen(key: StageKey): Promise<{ name: string; wave: number }[]> {
    return this.#database.targetRun.findMany({ where: { ...key }, orderBy: { position: 'asc' }, select: { name: true, wave: true } })
  }

  async page({ releaseId, stage }: StageKey, wave: number, from: number, limit: number): Promise<{ name: string; position: number; status: TargetRunStatus }[]> {
    const rows = await this.#database.targetRun.findMany({
      where: { releaseId, stage, wave, position: { gte: from }, status: { in: [...TO_RUN] } }, orderBy: { position: 'asc' }, take: limit, select: { name: true, position: true, status: true },
    })
    return rows as { name: string; position: number; status: TargetRunStatus }[]
  }

  async members({ releaseId, stage }: StageKey, wave: number, from: number, limit: number): Promise<{ target: TargetRef; position: number }[]> {
    return await this.#database.targetRun.findMany({
      where: { releaseId, stage, wave, position: { gte: from }, status: 'succeeded' }, orderBy: { position: 'asc' }, take: limit, select: { target: true, position: true },
    }) as unknown as { target: TargetRef; position: number }[]
  }

  /** null: there is no such target in the stage. */
  async find(key: RunKey): Promise<RunState | null> {
    return await this.#database.targetRun.findUnique({ where: { releaseId_stage_name: key }, select: { target: true, status: true, pass: true, jobs: true, undo: true } }) as unknown as RunState | null
  }

  async mark(key: RunKey, status: 'running' | 'waiting', isNewPass: boolean, at: Date): Promise<void> {
    await this.#database.targetRun.update({ where: { releaseId_stage_name: key }, data: { status, message: null, endedAt: null, ...(isNewPass && { pass: { increment: 1 }, startedAt: at }) } })
  }

  /** What is not given stays as it was. */
  async write(key: RunKey, { status, message, jobs, undo, at }: { status?: TargetRunStatus; message?: string | null; jobs?: JobView[]; undo?: UndoEntry[]; at?: Date }): Promise<void> {
    await this.#database.targetRun.update({
      where: { releaseId_stage_name: key },
      data: {
        ...(status !== undefined && { status }), ...(message !== undefined && { message }), ...(jobs && { jobs: json(jobs) }), ...(at && { endedAt: at }),
        ...(undo && { undo: json(undo), open: undo.some(({ state }) => state !== 'undone') }),
      },
    })
  }

  /** With something to take back, or begun and not ended: the last to end first. */
  async open(key: StageKey): Promise<{ name: string; status: TargetRunStatus }[]> {
    const rows = await this.#database.targetRun.findMany({
      where: { ...key, OR: [{ open: true }, { status: { in: ['running', 'waiting'] } }] }, orderBy: [{ endedAt: { sort: 'desc', nulls: 'first' } }, { position: 'desc' }], select: { name: true, status: true },
    })
    return rows as { name: string; status: TargetRunStatus }[]
  }

  /** In the order they are taken. @param after the last row of the page before */
  async list(releaseId: string, { stage, status, name }: { stage?: string | undefined; status?: string | undefined; name?: string | undefined }, after: { stage: string; position: number } | null, limit: number): Promise<TargetRun[]> {
    const rows = await this.#database.targetRun.findMany({
      where: {
        releaseId, ...(stage !== undefined && { stage }), ...(status !== undefined && { status }), ...(name !== undefined && { name }),
        ...(after && { OR: [{ stage: { gt: after.stage } }, { stage: after.stage, position: { gt: after.position } }] }),
      },
      orderBy: [{ stage: 'asc' }, { position: 'asc' }], take: limit, select: VIEW,
    })
    return rows.map((row) => ({ ...row, startedAt: row.startedAt?.toISOString() ?? null, endedAt: row.endedAt?.toISOString() ?? null }) as unknown as TargetRun)
  }
}

import { failure } from '../../domain/failures.js'
import { askedOfWaves } from '../../domain/preview.js'
import { presenceOf, type TargetPresence, type TargetRef } from '../../domain/target.js'
import type { Probed } from './probe.js'
import type { FleetBrief } from '../../domain/target-run.js'
import { chunksOf, type UndoEntry } from '../../domain/undo.js'
import { refOf, type TargetRow, type TargetStore } from '../../store/targets.js'
import type { RunKey, RunState, TargetRunStore } from '../../store/target-runs.js'
import { choose } from './choose.js'
import type { FleetActivities, TargetKey } from './contract.js'
import { mustFit } from './must-fit.js'

export interface FleetDeps {
  targets: Pick<TargetStore, 'select' | 'find'>
  runs: Pick<TargetRunStore, keyof TargetRunStore>
  /** Is a target that is reached directly there? null: there is nothing to knock at. */
  probe: (target: TargetRow) => Promise<Probed | null>
}

/** What fleets ask and tell the store. Rows of targets decide who runs next, so that no history grows with their number. */
export function createFleetActivities({ targets, runs, probe }: FleetDeps): FleetActivities {
  return {
    'fleet.select': (input) => asked('choose targets', async () => {
      const { release, stage, brief } = input
      const key = { releaseId: release.releaseId, stage }
      if (await runs.brief(key) === null) {
        const { waves, targets: chosen } = await choose(targets, release, stage, brief.stage.fleet)
        mustFit(stage, brief.stage.jobs, chosen.filter(({ wave }) => wave >= 0).map(({ row }) => row))
        await runs.begin(key, release.tenant, brief, { waves, targets: chosen.map(({ row, wave }) => ({ target: refOf(row), wave })) })
      }
      const waves = (await runs.brief(key))?.waves ?? []
      const rows = await runs.chosen(key)
      return { names: rows.map(({ name }) => name), waves: waves.map((name, n) => ({ name, count: rows.filter(({ wave }) => wave === n).length })) }
    }),

    'fleet.foresee': ({ release, stage, fleet }) => asked('choose targets', async () => {
      const { waves, targets: chosen } = await choose(targets, release, stage, fleet)
      const of = (n: number): TargetRow[] => chosen.filter(({ wave }) => wave === n).map(({ row }) => row)
      const shown = askedOfWaves(waves.map((_, n) => of(n).length))
      const seen = (row: TargetRow) => ({ target: refOf(row), presence: presenceOf(row, Date.now()) })
      return { leftOut: of(-1).length, waves: waves.map((name, n) => ({ name, total: of(n).length, targets: of(n).slice(0, shown[n]).map(seen) })) }
    }),

    'fleet.page': ({ release, stage, wave, from, limit }) => asked('read targets', () => runs.page({ releaseId: release.releaseId, stage }, wave, from, limit)),

    'fleet.members': ({ release, stage, wave, from, limit }) => asked('read targets', () => runs.members({ releaseId: release.releaseId, stage }, wave, from, limit)),

    'fleet.begin': (input) => asked(`begin ${input.name}`, async () => {
      const key = keyOf(input)
      const [row, brief] = [await mustFind(runs, key), await runs.brief(key)]
      if (brief === null) throw failure('CONFIG_INVALID', `stage ${key.stage} has not begun`)
      const { target, status, pass, jobs } = row
      const { presence, absence } = await presenceNow(targets, input.release.tenant, target, probe)
      const triesBefore = Math.max(status === 'waiting' ? pass - 1 : pass, ...jobs.map(({ attempt }) => attempt))
      await runs.mark(key, presence === 'offline' && input.waits ? 'waiting' : 'running', status !== 'waiting', new Date())
      return { target, presence, ...absence !== null && { absence }, brief: briefOf(brief), triesBefore }
    }),

    'fleet.keepUndo': (input) => asked(`keep undos of ${input.name}`, async () => {
      const { undo } = await mustFind(runs, keyOf(input))
      await runs.write(keyOf(input), { undo: merged(undo, input.undo) })
    }),

    'fleet.end': (input) => asked(`end ${input.name}`, async () => {
      const { undo } = await mustFind(runs, keyOf(input))
      await runs.write(keyOf(input), { status: input.status, message: input.message, jobs: input.jobs, undo: merged(undo, input.undo), at: new Date() })
    }),

    'fleet.open': ({ release, stage }) => asked('read targets', () => runs.open({ releaseId: release.releaseId, stage })),

    'fleet.undoOf': (input) => asked(`read undos of ${input.name}`, async () => {
      const { target, status, undo } = await mustFind(runs, keyOf(input))
      const [entries = []] = chunksOf(undo.slice(input.from))
      const next = input.from + entries.length
      return { target, status, entries, next: next < undo.length ? next : null }
    }),

    'fleet.undone': (input) => asked(`write undos of ${input.name}`, async () => {
      const { undo } = await mustFind(runs, keyOf(input))
      const states = new Map(input.states.map((one) => [one.id, one]))
      await runs.write(keyOf(input), { status: input.status, message: input.message, undo: undo.map((entry) => ({ ...entry, ...states.get(entry.id) })) })
    }),
  }
}

/** Which wave it is in is no target's matter. */
const briefOf = ({ release, acceptedAt, stage, scope, options, jobs }: FleetBrief): FleetBrief => ({ release, acceptedAt, stage, scope, options, jobs })
const keyOf = ({ release, stage, name }: TargetKey): RunKey => ({ releaseId: release.releaseId, stage, name })
/** Entries that are kept already take their new state; new ones come after. */
const merged = (kept: UndoEntry[], given: UndoEntry[]): UndoEntry[] =>
  [...kept.map((old) => given.find(({ id }) => id === old.id) ?? old), ...given.filter(({ id }) => !kept.some((old) => old.id === id))]

async function mustFind(runs: FleetDeps['runs'], key: RunKey): Promise<RunState> {
  const row = await runs.find(key)
  if (row === null) throw failure('CONFIG_INVALID', `stage ${key.stage} has no target ${key.name}`)
  return row
}

/** Agents tell of themselves: one that never spoke is away. Direct targets are knocked at. One that is gone from the records is tried as it was. */
async function presenceNow(targets: FleetDeps['targets'], tenant: string, { id }: TargetRef, probe: FleetDeps['probe']): Promise<{ presence: TargetPresence; absence: string | null }> {
  const row = await targets.find(tenant, id)
  if (!row) return { presence: 'unknown', absence: null }
  if (row.via === 'agent') {
    const isThere = presenceOf(row, Date.now()) === 'online'
    return { presence: isThere ? 'online' : 'offline', absence: isThere ? null : row.lastSeenAt === null ? 'its agent has never reported' : `its agent was last heard of at ${row.lastSeenAt.toISOString()}` }
  }
  const probed = await probe(row)
  return { presence: presenceOf({ ...row, reachable: probed?.isThere ?? null }, Date.now()), absence: probed?.isThere === false ? probed.said : null }
}

/** @throws UNAVAILABLE when the database does not answer: it is asked again */
async function asked<Answer>(what: string, work: () => Promise<Answer>): Promise<Answer> {
  try { return await work() } catch (error) {
    if (error instanceof Error && 'type' in error && typeof error.type === 'string') throw error
    throw failure('UNAVAILABLE', `could not ${what}: ${error instanceof Error ? error.message.trim().split('\n').at(-1) ?? '' : String(error)}`)
  }
}

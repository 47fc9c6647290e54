import { failure } from '../../domain/failures.js'
import { planWaves, type CompiledFleet } from '../../domain/fleet.js'
import type { ReleaseRef } from '../../domain/release.js'
import type { TargetFilter, TargetRow, TargetStore } from '../../store/targets.js'

/** `wave` -1: none takes it. */
interface Chosen { waves: string[]; targets: { row: TargetRow; wave: number }[] }

/** Whom a stage acts on, wave after wave, then those that no wave takes. @throws CONFIG_INVALID when there is none, or one that is named is not there */
export async function choose(targets: Pick<TargetStore, 'select'>, release: ReleaseRef, stage: string, { targets: { names, labels, type }, waves }: CompiledFleet): Promise<Chosen> {
  const where: TargetFilter = { project: release.project, environment: release.environment, labels, ...(type !== null && { type }) }
  const found = (await targets.select(release.tenant, where)).filter(({ id, name }) => names === null || names.includes(name) || names.includes(id))
  const place = `${release.project}/${release.environment}`
  const missing = (names ?? []).filter((name) => !found.some((target) => target.name === name || target.id === name))
  if (missing.length > 0) throw failure('CONFIG_INVALID', `stage ${stage}: ${place} has no target ${missing.slice(0, 10).join(', ')} that fits`)
  if (found.length === 0) throw failure('CONFIG_INVALID', `stage ${stage}: no target of ${place} is chosen`)
  const planned = planWaves(waves, found)
  if (planned.missing.length > 0) throw failure('CONFIG_INVALID', `stage ${stage}: its strategy names ${planned.missing.slice(0, 10).join(', ')}, which it does not act on`)
  const first = planned.waves[0]
  if (first?.targets.length === 0) throw failure('CONFIG_INVALID', `stage ${stage}: wave ${first.name} has no target`)
  const taken = planned.waves.flatMap((wave, n) => wave.targets.map((index) => ({ index, wave: n })))
  return {
    waves: planned.waves.map(({ name }) => name),
    targets: [...taken, ...planned.leftOut.map((index) => ({ index, wave: -1 }))].flatMap(({ index, wave }) => found[index] ? [{ row: found[index], wave }] : []),
  }
}

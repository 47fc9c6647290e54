import type { CompiledJob } from '../../domain/compiled-plan.js'
import { failure } from '../../domain/failures.js'
import type { JsonObject } from '../../domain/json.js'
import type { Kind } from '../../plan/kind.js'
import { KINDS } from '../../plan/kinds/index.js'
import { refOf, type TargetRow } from '../../store/targets.js'
import { clusterOf, engineOf, sshOf } from '../target-address.js'

/** A job that says itself which engine or cluster it means asks nothing of its target. */
const namesItself = ({ docker, cluster, kubeconfig }: JsonObject): boolean => docker !== undefined || cluster !== undefined || kubeconfig !== undefined
const NEEDS = { machine: sshOf, engine: engineOf, cluster: clusterOf } as const

/** Can each job act on each of these targets? Asked before anything does; what an agent's machine has, the agent knows. @throws CONFIG_INVALID by the first that does not fit */
export function mustFit(stage: string, jobs: Pick<CompiledJob, 'name' | 'kind' | 'config'>[], rows: TargetRow[]): void {
  for (const { name, kind, config } of jobs) {
    const actsOn = (KINDS as Record<string, Kind | undefined>)[kind]?.actsOn
    if (actsOn === undefined || namesItself(config)) continue
    for (const row of rows) {
      if (row.via === 'agent') continue
      try { NEEDS[actsOn](refOf(row), row.config) } catch (error) {
        throw failure('CONFIG_INVALID', `stage ${stage}: ${name} (${kind}) cannot act there: ${(error as Error).message}`)
      }
    }
  }
}

import { failure } from '../../domain/failures.js'
import type { ConfigOf } from '../../plan/kinds/index.js'
import { SCRIPT_OF, type ScriptOperation } from '../../plan/kinds/script.js'
import type { JobContext } from '../kind-runner.js'
import { onTarget } from '../machine/ask.js'
import type { Installation } from '../machine/installation.js'

type Config = ConfigOf<'script'>
/** One operation: which, and between which versions. */
export interface Step { operation: ScriptOperation; script: string; from: string | null; to: string | null }

/**
 * Which operation it is, by what is installed. With `auto`, a config that has only one of install_script and
 * update_script runs that one either way.
 * @param wanted the version a release brings
 * @throws CONFIG_INVALID without a script for it; CHECK_FAILED when there is no version to go back to
 */
export function chooseOperation(config: Config, { version, before }: Installation, wanted: string, context: JobContext): Step {
  const operation = operationOf(config, version)
  const script = config[SCRIPT_OF[operation]]
  if (script === undefined) throw failure('CONFIG_INVALID', `operation ${operation} needs ${operation}_script`)
  if (operation === 'uninstall') return { operation, script, from: version, to: null }
  if (operation !== 'rollback') return { operation, script, from: version, to: wanted }
  const to = config.version ?? before[0] ?? null
  if (config.skipChecks !== true) {
    const known = before.length > 0 ? before.join(', ') : 'none'
    if (to === null) throw failure('CHECK_FAILED', `there is no version before ${version ?? 'this'}${onTarget(context)} to go back to`)
    if (to !== version && !before.includes(to)) throw failure('CHECK_FAILED', `version ${to} was never recorded${onTarget(context)}; there were: ${known}`)
  }
  return { operation, script, from: version, to }
}

function operationOf({ operation = 'auto', installScript, updateScript }: Config, version: string | null): ScriptOperation {
  if (operation !== 'auto') return operation
  return installScript !== undefined && (version === null || updateScript === undefined) ? 'install' : 'update'
}

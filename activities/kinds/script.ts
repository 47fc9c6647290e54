import { failure } from '../../domain/failures.js'
import type { ConfigOf } from '../../plan/kinds/index.js'
import { installs } from '../../plan/kinds/script.js'
import type { JobResult } from '../contract.js'
import type { KindRunner } from '../kind-runner.js'
import { onTarget } from '../machine/ask.js'
import { runScript, scriptResult } from '../machine/run-script.js'
import { scriptOperations } from './script-operations.js'

type Config = ConfigOf<'script'>

/** Scripts on the job's machine, each once per idempotency key. */
export const scriptRunner: KindRunner<Config> = {
  async snapshot(config, context) { return installs(config) ? scriptOperations.snapshot(config, context) : null },

  async execute(config, context): Promise<JobResult> {
    if (config.script === undefined) return scriptOperations.execute(config, context)
    return scriptResult(await runScript(config.script, config, context), config)
  },

  async rollback(config, snapshot, context) {
    if (installs(config)) await scriptOperations.rollback(config, snapshot, context)
    else if (config.rollbackScript !== undefined) await runScript(config.rollbackScript, config, context)
  },

  async preview(config, context) {
    return installs(config) ? scriptOperations.preview(config, context) : [{ what: `${context.call.job} (script)${onTarget(context)}`, action: 'run', before: null, after: null }]
  },

  async uninstall(config, context) {
    if (config.uninstallScript === undefined) throw failure('CONFIG_INVALID', `${context.call.job} has no uninstall_script`)
    return scriptOperations.uninstall(config, context)
  },
}

import type { ServiceConfig } from '../../../plan/kinds/services.js'
import type { JobContext } from '../../kind-runner.js'
import { logInTurn } from '../log-in-turn.js'
import { runScript } from '../run-script.js'
import type { MachineService } from './service.js'

/** A service that the plan's own commands start, stop and ask for. */
export function commandService(name: string, config: ServiceConfig, context: JobContext): MachineService {
  const next = logInTurn(context)
  const run = async (key: string, command: string | undefined, what: string, quiet = false): Promise<void> => {
    if (command === undefined) return
    const settings = { interpreter: '/bin/bash', environment: config.environment, ...config.workDir !== undefined && { workDir: config.workDir }, name: `${what} of ${name}` }
    await runScript(command, settings, { ...next(), idempotencyKey: key, ...quiet && { log: () => undefined } })
  }
  return {
    name,
    async state(key) {
      if (config.statusCommand === undefined) return 'unknown'
      try {
        await run(key, config.statusCommand, 'status_command', true)
        return 'running'
      } catch (error) {
        if ((error as { type?: string }).type === 'CHECK_FAILED') return 'stopped'
        throw error
      }
    },
    spec: async () => null,
    start: (key) => run(key, config.startCommand, 'start_command'),
    stop: (key) => run(key, config.stopCommand, 'stop_command'),
    tail: async () => '',
  }
}

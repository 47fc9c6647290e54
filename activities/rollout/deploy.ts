import type { JsonObject } from '../../domain/json.js'
import type { ServiceSpec } from '../../drivers/hosts/port.js'
import type { Side } from '../../drivers/traffic/port.js'
import { KINDS } from '../../plan/kinds/index.js'
import type { RolloutConfig } from '../../plan/kinds/rollout.js'
import type { JobCall } from '../contract.js'
import { jobInput, mustFit } from '../job-input.js'
import { redacted } from '../redacted-failure.js'
import { Redactor } from '../redaction.js'
import { systemVariables } from '../system-variables.js'
import { untilHealthy } from './ready.js'
import { splitCommand } from './split-command.js'
import { serviceKey, targetOf, type RolloutDeps } from './target.js'

/** Start the candidate, or adopt it, and wait until it is healthy. @throws CHECK_FAILED, CONFIG_INVALID, SECRET_MISSING */
export async function deploy(deps: RolloutDeps, call: JobCall, signal: AbortSignal): Promise<{ candidate: Side; outputs: JsonObject; message: string }> {
  const redactor = new Redactor()
  try {
    const { config } = await jobInput(call, deps.resolveSecret, redactor)
    mustFit(KINDS.rollout, config)
    const spec = specOf(config as unknown as RolloutConfig, call)
    const { port } = await deps.host.start(spec)
    const candidate: Side = { id: call.release.releaseId, version: (config as unknown as RolloutConfig).version ?? call.release.version, url: `http://127.0.0.1:${port}` }
    await untilHealthy(deps.host, spec.key, candidate, targetOf(deps, { ...call, config }), signal)
    const pid = (await deps.host.inspect(spec.key))?.pid ?? null
    return { candidate, outputs: { url: candidate.url, port, pid, version: candidate.version }, message: `${spec.key} is healthy at ${candidate.url}` }
  } catch (error) {
    throw redacted(error, redactor)
  }
}

function specOf({ service, deploy: { command, workDir, environment, port } }: RolloutConfig, call: JobCall): ServiceSpec {
  return {
    key: serviceKey(service, call.release.releaseId), command: typeof command === 'string' ? splitCommand(command) : command,
    workDir: workDir ?? null, environment: { ...systemVariables(call), ...environment }, port,
  }
}

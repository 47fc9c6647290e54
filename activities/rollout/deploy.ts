import type { JsonObject } from '../../domain/json.js'
import type { Side } from '../../drivers/traffic/port.js'
import { KINDS } from '../../plan/kinds/index.js'
import type { RolloutConfig } from '../../plan/kinds/rollout.js'
import type { JobCall } from '../contract.js'
import { jobInput, mustFit } from '../job-input.js'
import { redacted } from '../redacted-failure.js'
import { Redactor } from '../redaction.js'
import { untilHealthy } from './ready.js'
import { targetOf, type RolloutDeps } from './target.js'

/** Start the candidate, or adopt it, and wait until it is healthy. @throws CHECK_FAILED, CONFIG_INVALID, SECRET_MISSING */
export async function deploy(deps: RolloutDeps, call: JobCall, signal: AbortSignal): Promise<{ candidate: Side; outputs: JsonObject; message: string }> {
  const redactor = new Redactor()
  try {
    const { config } = await jobInput(call, deps.resolveSecret, redactor)
    mustFit(KINDS.rollout, config)
    const target = await targetOf(deps, { ...call, config })
    const { runtime } = target
    if (runtime === null) throw new Error(`${call.kind} deploys nothing`)
    const { url } = await runtime.start(signal)
    const candidate: Side = { id: call.release.releaseId, version: (config as unknown as RolloutConfig).version ?? call.release.version, url }
    await untilHealthy(runtime, candidate, target, signal)
    return { candidate, outputs: { url, ...await runtime.facts(candidate.id), version: candidate.version }, message: `${runtime.name(candidate.id)} is healthy at ${candidate.url}` }
  } catch (error) {
    throw redacted(error, redactor)
  }
}

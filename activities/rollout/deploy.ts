import type { JsonObject } from '../../domain/json.js'
import type { Side } from '../../drivers/traffic/port.js'
import { KINDS } from '../../plan/kinds/index.js'
import type { RolloutConfig } from '../../plan/kinds/rollout.js'
import type { Attempt } from '../attempt.js'
import type { JobCall } from '../contract.js'
import { mustFit } from '../job-input.js'
import { logKey } from '../log-key.js'
import { redacted } from '../redacted-failure.js'
import { Redactor } from '../redaction.js'
import { ReleaseLog } from '../release-log.js'
import { knownTarget } from './known-target.js'
import { untilHealthy } from './ready.js'
import type { RolloutDeps } from './target.js'

/** Start the candidate, or adopt it, and wait until it is healthy; what it writes meanwhile is in the release's log. @throws CHECK_FAILED, CONFIG_INVALID, SECRET_MISSING */
export async function deploy(deps: RolloutDeps, call: JobCall, { signal, isFirstTry }: Pick<Attempt, 'signal' | 'isFirstTry'>): Promise<{ candidate: Side; outputs: JsonObject; message: string }> {
  const redactor = new Redactor()
  const log = deps.logs && new ReleaseLog(deps.logs, logKey(call), redactor, isFirstTry)
  let following: { stop(): Promise<void> } | undefined
  try {
    const { config, target } = await knownTarget(deps, call, redactor, sayer(log))
    mustFit(KINDS.rollout, config)
    const { runtime } = target
    if (runtime === null) throw new Error(`${call.kind} deploys nothing`)
    const { url } = await runtime.start(signal)
    const candidate: Side = { id: call.release.releaseId, version: (config as unknown as RolloutConfig).version ?? call.release.version, url }
    following = log && await runtime.follow?.(candidate.id, (stream, offset, text) => { log.write(stream, offset, text) })
    await untilHealthy(runtime, candidate, target, signal)
    return { candidate, outputs: { url, ...await runtime.facts(candidate.id), version: candidate.version }, message: `${runtime.name(candidate.id)} is healthy at ${candidate.url}` }
  } catch (error) {
    throw redacted(error, redactor)
  } finally {
    await following?.stop()
    await log?.close()
  }
}

function sayer(log: ReleaseLog | undefined): (line: string) => void {
  let offset = 0
  return (line) => {
    log?.write('info', offset, `${line}\n`)
    offset += Buffer.byteLength(line) + 1
  }
}

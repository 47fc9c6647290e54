import { lateParts } from '../../domain/late-value.js'
import { isObject, type JsonObject } from '../../domain/json.js'
import type { JobCall } from '../contract.js'
import { jobInput } from '../job-input.js'
import type { Redactor } from '../redaction.js'
import { targetOf, type RolloutDeps, type Target } from './target.js'

/** A call's target with its secrets filled in, each known to the redactor. @throws CONFIG_INVALID, SECRET_MISSING */
export async function knownTarget(deps: RolloutDeps, call: JobCall, redactor: Redactor, say?: (line: string) => void): Promise<{ config: JsonObject; target: Target }> {
  const { config } = await jobInput(call, deps.resolveSecret, redactor)
  return { config, target: await targetOf(deps, { ...call, config }, { ...say && { say }, secrets: secretNames(call) }) }
}

/** Names of the version's variables whose values are secret: those that are late. */
function secretNames({ config }: JobCall): string[] {
  const { deploy } = config
  const environment = isObject(deploy) && isObject(deploy['environment']) ? deploy['environment'] : {}
  return Object.entries(environment).flatMap(([name, value]) => lateParts(value).length > 0 ? [name] : [])
}

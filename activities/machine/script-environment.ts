import type { Json } from '../../domain/json.js'
import type { JobContext } from '../kind-runner.js'

/** A shell can read no other names. */
const NAME = /^[A-Za-z_]\w*$/

/** A script's variables, later wins: the release's facts, the plan's variables (lists and maps as JSON), the job's own environment. */
export function environmentOf({ environment, workDir }: { environment: Record<string, string>; workDir?: string }, { variables, system, idempotencyKey }: JobContext): Record<string, string> {
  const known = Object.entries(variables).filter(([name]) => NAME.test(name)).map(([name, value]) => [name, asText(value)])
  return {
    ...system, ...Object.fromEntries(known) as Record<string, string>,
    ...(workDir !== undefined && { WORK_DIR: workDir }), ...environment, RELEASECTL_IDEMPOTENCY_KEY: idempotencyKey,
  }
}

const asText = (value: Json): string => typeof value === 'string' ? value : JSON.stringify(value)

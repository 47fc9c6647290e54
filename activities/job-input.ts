import { Value } from 'typebox/value'
import { failure } from '../domain/failures.js'
import type { JsonObject } from '../domain/json.js'
import { lateParts } from '../domain/late-value.js'
import type { Kind } from '../plan/kind.js'
import type { JobCall } from './contract.js'
import { withSecrets } from './late-secrets.js'
import type { Redactor } from './redaction.js'

/** @throws SECRET_MISSING */
export type ResolveSecret = (reference: string, context: { tenant: string; releaseId: string }) => Promise<string>

/** Formats of our own, or that the plan's compiler reads otherwise than JSON Schema does (a duration is `90s`); it has checked them. */
const COMPILERS_FORMATS = ['duration', 'cel', 'threshold']

/** A job's config and variables with their secrets filled in, each known to the redactor. @throws SECRET_MISSING */
export async function jobInput(call: JobCall, resolveSecret: ResolveSecret, redactor: Redactor): Promise<{ config: JsonObject; variables: JsonObject }> {
  const resolve = async (reference: string): Promise<string> => {
    const value = await resolveSecret(reference, { tenant: call.release.tenant, releaseId: call.release.releaseId })
    redactor.add(value)
    return value
  }
  return { config: await withSecrets(call.config, resolve) as JsonObject, variables: await withSecrets(call.variables, resolve) as JsonObject }
}

/** Does the config still fit its schema, now that all of it is known? @throws CONFIG_INVALID naming each path, never a value */
export function mustFit(kind: Pick<Kind, 'schema' | 'check'>, config: JsonObject): void {
  const late = lateParts(config).map((part) => `${'ref' in part ? part.ref : part.secret}: is not known`)
  const shape = [...Value.Errors(kind.schema, config)]
    .filter(({ keyword, params }) => keyword !== 'format' || !COMPILERS_FORMATS.includes((params).format))
    .map(({ instancePath, message }) => `${instancePath.slice(1).replaceAll('/', '.') || 'config'}: ${message}`)
  const rules = (): string[] => (kind.check?.(config) ?? []).map(({ path, message }) => `${path || 'config'}: ${message}`)
  const issues = late.length > 0 ? late : shape.length > 0 ? shape : rules()
  if (issues.length > 0) throw failure('CONFIG_INVALID', issues.join('; '))
}

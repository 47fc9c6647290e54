import type { Json } from '../domain/json.js'
import { fillIn, lateParts } from '../domain/late-value.js'

/** A config with its secrets filled in; other late parts stay as they are. Each reference is resolved once. @throws SECRET_MISSING */
export async function withSecrets(value: Json, resolve: (reference: string) => Promise<string>): Promise<Json> {
  const references = new Set(lateParts(value).flatMap((part) => 'secret' in part ? [part.secret] : []))
  const secrets = new Map(await Promise.all([...references].map(async (reference) => [reference, await resolve(reference)] as const)))
  return fillIn(value, (part) => 'secret' in part ? secrets.get(part.secret) : undefined)
}

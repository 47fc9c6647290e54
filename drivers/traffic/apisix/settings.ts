import { Type, type Static } from 'typebox'

/** An APISIX by its Admin API. A route is the id of a route there. */
export const ApisixSettings = Type.Object({
  admin: Type.String({ pattern: '^https?://', description: 'of the Admin API: http://127.0.0.1:9180' }),
  key: Type.String({ minLength: 1, description: 'sent as X-API-KEY' }),
  metrics: Type.Optional(Type.String({ pattern: '^https?://', description: 'the export of its plugin prometheus, with the extra label upstream_addr: counters for successCriteria' })),
  timeoutMs: Type.Integer({ minimum: 100, default: 5_000 }),
}, { additionalProperties: false })
export type ApisixSettings = Static<typeof ApisixSettings>

import { Type, type Static } from 'typebox'

/** A Caddy. A route is the `@id` of a reverse_proxy handler in its configuration, or with `folder` a file that its configuration reads. */
export const CaddySettings = Type.Object({
  admin: Type.String({ pattern: '^https?://', description: 'of the admin API: http://127.0.0.1:2019' }),
  folder: Type.Optional(Type.String({ minLength: 1, description: 'its configuration reads each route from a file here, at each request; left out: routes are changed by the admin API' })),
  log: Type.Optional(Type.String({ minLength: 1, description: 'a JSON access log with {http.reverse_proxy.upstream.hostport} as its field upstream: counters for successCriteria' })),
  timeoutMs: Type.Integer({ minimum: 100, default: 10_000 }),
}, { additionalProperties: false })
export type CaddySettings = Static<typeof CaddySettings>

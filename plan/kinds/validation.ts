import { Type, type Static } from 'typebox'
import { defineKind } from '../kind.js'
import { Duration, Headers, strict } from '../schema-parts.js'

const Endpoint = Type.Object({
  url: Type.String({ format: 'uri' }),
  method: Type.Optional(Type.String()),
  headers: Type.Optional(Headers),
  expectedStatus: Type.Integer({ default: 200 }),
  contains: Type.Optional(Type.String({ description: 'text the body must hold' })),
}, strict)

/** Spec 0's `endpoints` or spec 2's single `type: http | tcp | script`. */
export const ValidationConfig = Type.Object({
  endpoints: Type.Optional(Type.Array(Endpoint, { minItems: 1 })),
  type: Type.Optional(Type.Union([Type.Literal('http'), Type.Literal('tcp'), Type.Literal('script')])),
  url: Type.Optional(Type.String({ format: 'uri' })),
  expectedStatus: Type.Optional(Type.Integer()),
  host: Type.Optional(Type.String()),
  port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
  script: Type.Optional(Type.String({ minLength: 1, literal: true })),
  timeout: Type.Optional(Duration),
  retry: Type.Integer({ minimum: 0, default: 0, description: 'more tries after the first' }),
  interval: Type.Optional(Duration),
  successThreshold: Type.Integer({ minimum: 1, default: 1, description: 'successes in a row that count as healthy' }),
}, strict)
export type ValidationConfig = Static<typeof ValidationConfig>

/** Ask until it is healthy, or say it is not. */
export const validation = defineKind({
  name: 'validation',
  aliases: ['health_check'],
  description: 'Checks over HTTP, TCP or by a script until it is healthy',
  schema: ValidationConfig,
  runsIn: 'activity',
  acts: false,
  variables: true,
  defaultTimeout: '5m',
  check: (config) => {
    if (config.endpoints) return []
    if (config.type === undefined) return [{ path: '', message: 'needs endpoints, or type with url, host and port, or script' }]
    switch (config.type) {
      case 'http': return config.url ? [] : [{ path: 'url', message: 'type http needs url' }]
      case 'tcp': return config.host && config.port ? [] : [{ path: 'host', message: 'type tcp needs host and port' }]
      case 'script': return config.script ? [] : [{ path: 'script', message: 'type script needs script' }]
    }
  },
})

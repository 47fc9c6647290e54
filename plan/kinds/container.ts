import { Type, type Static } from 'typebox'
import { defineKind } from '../kind.js'
import { Duration, Name, strict } from '../schema-parts.js'
import { containerParts } from './container-parts.js'

const HAS_HOST_PORT = /^(?:.*:)?[1-9]\d*:\d+(?:\/\w+)?$/

export const ContainerConfig = Type.Object({
  service: Type.Optional(Type.String({ ...Name, description: 'default: the release\'s project' })),
  version: Type.Optional(Type.String({ description: 'default: the release\'s' })),
  ...containerParts,
  ports: Type.Array(Type.String({ pattern: '^(([\\d.]*\\.[\\d.]*|\\[[0-9a-fA-F:]+\\]):)?(\\d*:)?\\d+(/(tcp|udp))?$', description: '8080:80, 127.0.0.1:8080:80, 80 or 127.0.0.1::80 (a free one), 53:53/udp. The n-th replica gets the n-th port from there' }), { default: [] }),
  replicas: Type.Integer({ minimum: 1, maximum: 100, default: 1 }),
  order: Type.Optional(Type.Union([Type.Literal('recreate'), Type.Literal('start-first')], { description: 'recreate: the old ones stop first. start-first: they stop when the new ones are healthy. Default: recreate where a port of the machine is given, else start-first' })),
  replace: Type.Array(Type.String({ minLength: 1 }), { default: [], description: 'containers that releasectl did not make and that this service takes over from' }),
  health: Type.Object({
    path: Type.Optional(Type.String({ description: 'asked over HTTP at the first published port. Its health check counts as well; with neither, it must run for stableFor' })),
    expectedStatus: Type.Integer({ default: 200 }),
    stableFor: Type.Optional(Duration),
    timeout: Type.Optional(Duration),
  }, { ...strict, default: {} }),
  stopTimeout: Type.Optional(Duration),
}, strict)
export type ContainerConfig = Static<typeof ContainerConfig>

/** Replace a service's containers on an engine by a new version, without a gateway. */
export const container = defineKind({
  name: 'container',
  aliases: ['docker'],
  description: 'Replaces a service\'s containers by a new version; taken back to exactly the containers before',
  schema: ContainerConfig,
  runsIn: 'activity', actsOn: 'engine',
  snapshot: true,
  undo: true,
  defaultTimeout: '15m',
  check: ({ ports, health, order }) => [
    ...health.path !== undefined && ports.length === 0 ? [{ path: 'health.path', message: 'nobody can ask it: no port is published' }] : [],
    ...order === 'start-first' && ports.some((port) => HAS_HOST_PORT.test(port)) ? [{ path: 'order', message: 'start-first needs ports that are free while the old version runs: leave the port of the machine out, or use recreate' }] : [],
  ],
})

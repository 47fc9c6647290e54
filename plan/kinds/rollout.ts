import { Type, type Static } from 'typebox'
import { durationMs } from '../../domain/duration.js'
import { defineKind } from '../kind.js'
import { Duration, Name, strict } from '../schema-parts.js'
import { containerParts } from './container-parts.js'
import { KubernetesDeploy } from './kubernetes-deploy.js'
import { Strategy } from './strategy.js'

const Health = Type.Object({
  path: Type.String({ default: '/' }),
  expectedStatus: Type.Integer({ default: 200 }),
  timeout: Type.Optional(Duration),
}, { ...strict, default: {} })

/** A version is a command, started detached on the host with $PORT set. */
export const ProcessDeploy = Type.Object({
  type: Type.Literal('process'),
  command: Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String(), { minItems: 1 })], { description: 'a list is run as it is; a text is split as a shell would, nothing is expanded' }),
  workDir: Type.Optional(Type.String()),
  environment: Type.Record(Type.String(), Type.String(), { default: {} }),
  port: Type.Integer({ minimum: 0, maximum: 65_535, default: 0, description: '0: a free one' }),
  health: Health,
  drain: Type.Optional(Duration),
}, strict)
export type ProcessDeploy = Static<typeof ProcessDeploy>

/** A version is a container, published on one port of its engine's machine. */
export const ContainerDeploy = Type.Object({
  type: Type.Literal('container'),
  ...containerParts,
  port: Type.Integer({ minimum: 1, maximum: 65_535, description: 'where it listens; also its $PORT' }),
  hostPort: Type.Integer({ minimum: 0, maximum: 65_535, default: 0, description: 'on the engine\'s machine. 0: a free one; a given one can be held by one version only' }),
  address: Type.Optional(Type.String({ minLength: 1, description: 'name or address by which gateway and worker reach the engine\'s machine. Default: 127.0.0.1 for an engine on a socket, else the engine\'s own' })),
  bind: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F.:]+$', description: 'address of the machine it is published on. Default: address; 0.0.0.0 where that is a name' })),
  health: Health,
  drain: Type.Optional(Duration),
}, strict)
export type ContainerDeploy = Static<typeof ContainerDeploy>

export const RolloutConfig = Type.Object({
  service: Name,
  version: Type.Optional(Type.String({ description: 'default: the release\'s' })),
  deploy: Type.Union([ProcessDeploy, ContainerDeploy, KubernetesDeploy]),
  route: Type.Object({
    gateway: Type.String({ ...Name, default: 'edge', description: 'edge, a gateway of the installation\'s settings, or replicas (the share of the replicas is the share of the work)' }),
    name: Name,
    listen: Type.Optional(Type.Object({
      port: Type.Integer({ minimum: 1, maximum: 65_535 }), host: Type.Optional(Type.String()), path: Type.Optional(Type.String()),
    }, strict)),
  }, strict),
  strategy: Strategy,
}, strict)
export type RolloutConfig = Static<typeof RolloutConfig>

/** Deploy a version beside the stable one, move traffic to it by a strategy, retire the old one. */
export const rollout = defineKind({
  name: 'rollout',
  description: 'Starts the new version, shifts traffic to it by a strategy, judges it, retires the old one',
  schema: RolloutConfig,
  runsIn: 'workflow',
  undo: true,
  defaultTimeout: '30d',
  check: ({ strategy, route }) => [
    ...strategy.type !== 'canary' ? [] : strategy.phases.flatMap((phase, n) => n > 0 && phase.percentage < (strategy.phases[n - 1]?.percentage ?? 0)
      ? [{ path: `strategy.phases.${n}.percentage`, message: 'percent falls: phases go up, so that a session only ever moves towards the candidate' }] : []),
    ...route.gateway !== 'replicas' ? [] : (strategy.type === 'canary' ? strategy.phases.map((phase, n) => ({ phase, path: `strategy.phases.${n}` })) : [{ phase: strategy, path: 'strategy' }])
      .flatMap(({ phase: { successCriteria }, path }) => successCriteria ? [{ path: `${path}.successCriteria`, message: 'replicas count no requests: judge by analysis' }] : []),
  ],
  time: ({ strategy }) => {
    const holds = strategy.type === 'canary' ? strategy.phases.map(({ duration }) => duration) : [strategy.watch, strategy.keepOld]
    return { shortestMs: holds.reduce((sum, hold) => sum + (hold ? durationMs(hold) : 0), 0), longestMs: Infinity }
  },
})

import { Type, type Static } from 'typebox'
import { EngineAddress } from '../addresses.js'
import { Duration, strict } from '../schema-parts.js'

/** A login given, or a docker config.json (a secret variable) in which the image's registry is looked up. */
export const RegistryLogin = Type.Object({
  username: Type.Optional(Type.String({ minLength: 1 })),
  password: Type.Optional(Type.String({ minLength: 1, description: 'a secret variable' })),
  dockerConfig: Type.Optional(Type.String({ minLength: 1, description: 'text of a docker config.json with "auths": a secret variable. Instead of username and password' })),
}, strict)
export type RegistryLogin = Static<typeof RegistryLogin>

const Size = Type.String({ pattern: '^\\d+(\\.\\d+)?([kKmMgG]([iI]?[bB])?)?$', description: 'such as 256m or 1g' })
const Words = Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String(), { minItems: 1 })])

/** What a container is made of: for the kind `container` and for rollouts that deploy containers. */
export const containerParts = {
  image: Type.String({ minLength: 1, description: 'registry/name:tag, registry/name@sha256:…, or both: the digest is deployed, and it is said when the tag has moved' }),
  pull: Type.Union(['always', 'missing', 'never'].map((word) => Type.Literal(word as 'always' | 'missing' | 'never')), { default: 'always', description: 'always: what the tag means in the registry now. missing: only what the engine has not. never: the engine must have it' }),
  registry: Type.Optional(RegistryLogin),
  command: Type.Optional(Type.Array(Type.String(), { description: 'default: the image\'s' })),
  entrypoint: Type.Optional(Type.Array(Type.String())),
  environment: Type.Record(Type.String(), Type.String(), { default: {} }),
  volumes: Type.Array(Type.String({ pattern: '^[^:]+:/[^:]*(:[a-z,]+)?$', description: 'volume:/path or /host/path:/path, with :ro where it must not write' }), { default: [] }),
  networks: Type.Array(Type.String({ minLength: 1 }), { default: [], description: 'networks of the engine, which must be there; in them it is known by the service\'s name' }),
  labels: Type.Record(Type.String(), Type.String(), { default: {} }),
  restart: Type.String({ pattern: '^(no|always|unless-stopped|on-failure(:\\d+)?)$', default: 'unless-stopped', description: 'no, always, unless-stopped, on-failure or on-failure:3' }),
  resources: Type.Object({
    cpus: Type.Optional(Type.Number({ minimum: 0.01 })), memory: Type.Optional(Size), pids: Type.Optional(Type.Integer({ minimum: 1 })),
  }, { ...strict, default: {} }),
  healthcheck: Type.Optional(Type.Object({
    command: Type.Union(Words.anyOf, { description: 'run within the container; a text by its shell. Default: the image\'s own check' }),
    interval: Type.Optional(Duration), timeout: Type.Optional(Duration), startPeriod: Type.Optional(Duration), retries: Type.Integer({ minimum: 1, default: 3 }),
  }, strict)),
  user: Type.Optional(Type.String({ minLength: 1 })),
  workDir: Type.Optional(Type.String({ minLength: 1 })),
  logs: Type.Object({ maxSize: Type.String({ ...Size, default: '10m' }), maxFiles: Type.Integer({ minimum: 1, default: 3 }) }, { ...strict, default: {}, description: 'how much of what it writes the engine keeps' }),
  docker: Type.Optional(EngineAddress),
  keep: Type.Integer({ minimum: 0, maximum: 100, default: 2, description: 'earlier releases whose containers and images stay on the engine' }),
}
export const ContainerParts = Type.Object(containerParts)
export type ContainerParts = Static<typeof ContainerParts>

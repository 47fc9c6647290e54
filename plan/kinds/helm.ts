import { Type, type Static } from 'typebox'
import { ClusterAddress } from '../addresses.js'
import { defineKind } from '../kind.js'
import { Duration, strict } from '../schema-parts.js'

export const HelmConfig = Type.Object({
  release: Type.Optional(Type.String({ pattern: '^[a-z0-9]([a-z0-9.-]{0,51}[a-z0-9])?$', alsoSpelt: ['releaseName'], description: 'Helm\'s name for it: small letters, digits, dot and dash, at most 53; default: the project' })),
  chart: Type.String({ minLength: 1, description: 'a folder of the bundle (./chart), a name in repo, or oci://registry/path' }),
  repo: Type.Optional(Type.String({ format: 'uri', description: 'URL of the chart repository' })),
  version: Type.Optional(Type.String({ minLength: 1, alsoSpelt: ['chartVersion'], description: 'of the chart' })),
  namespace: Type.Optional(Type.String({ minLength: 1, description: 'default: the cluster\'s, else default' })),
  createNamespace: Type.Boolean({ default: false }),
  values: Type.Record(Type.String(), Type.Unknown(), { default: {}, description: 'over the values files; may be secrets: they reach it as a file for its user only' }),
  valuesFiles: Type.Union([Type.String(), Type.Array(Type.String())], { default: [], alsoSpelt: ['valuesFile'], description: 'files of the bundle, later wins' }),
  cluster: Type.Optional(ClusterAddress),
  wait: Type.Boolean({ default: true, description: 'until what it made is ready' }),
  waitFor: Type.String({ ...Duration, default: '5m', description: 'how long' }),
  stuckAfter: Type.String({ ...Duration, default: '10m', description: 'an operation of somebody else that has been pending for longer was cut off: it is cleared' }),
  environment: Type.Record(Type.String(), Type.String(), { default: {} }),
}, strict)
export type HelmConfig = Static<typeof HelmConfig>

/** Installs or upgrades a Helm release. */
export const helm = defineKind({
  name: 'helm', description: 'Installs or upgrades a Helm release; goes back to the exact revision', schema: HelmConfig,
  runsIn: 'activity', actsOn: 'cluster', snapshot: true, undo: true, variables: true, defaultTimeout: '20m',
})

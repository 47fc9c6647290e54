import { Type, type Static } from 'typebox'
import { ClusterAddress } from '../addresses.js'
import { Duration, strict } from '../schema-parts.js'

/** A version is a Deployment of its own, with a Service in front where it has a port. */
export const KubernetesDeploy = Type.Object({
  type: Type.Literal('kubernetes'),
  cluster: Type.Optional(ClusterAddress),
  image: Type.String({ minLength: 1 }),
  from: Type.Optional(Type.String({ minLength: 1, description: 'a Deployment whose pods the new ones are like, but for the image and what is said here' })),
  container: Type.Optional(Type.String({ description: 'which of its containers gets the image (default: the first)' })),
  port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535, description: 'the container listens on; left out: a workload without HTTP, for gateway replicas' })),
  servicePort: Type.Integer({ minimum: 1, maximum: 65_535, default: 80 }),
  replicas: Type.Integer({ minimum: 1, maximum: 1000, default: 1, description: 'that carry all of the traffic' }),
  environment: Type.Record(Type.String(), Type.String(), { default: {} }),
  command: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
  health: Type.Object({
    path: Type.String({ default: '/', description: 'asked by the kubelet before a pod gets traffic' }),
    expectedStatus: Type.Integer({ default: 200 }),
    timeout: Type.Optional(Duration),
  }, { ...strict, default: {} }),
  drain: Type.Optional(Duration),
  address: Type.Union([Type.Literal('service'), Type.Literal('clusterIP')], { default: 'service', description: 'how gateways call it: by the Service\'s name, for those in the cluster; by its address, for others that reach it, as this worker must' }),
  keep: Type.Integer({ minimum: 0, default: 2, description: 'earlier versions that stay, without pods, to go back to' }),
}, strict)
export type KubernetesDeploy = Static<typeof KubernetesDeploy>

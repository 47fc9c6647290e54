import { Type, type Static } from 'typebox'
import { ClusterAddress } from '../addresses.js'
import { defineKind } from '../kind.js'
import { Duration, strict } from '../schema-parts.js'

const Paths = Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })])

export const KubernetesConfig = Type.Object({
  manifests: Type.Optional(Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })], { description: 'files and folders of the bundle (./k8s), or the YAML itself. In files ${variables.x} and built-in names such as ${RELEASE_VERSION} are filled in' })),
  kustomize: Type.Optional(Type.String({ minLength: 1, description: 'a folder of the bundle with a kustomization.yaml; built by kubectl on the worker' })),
  kubectl: Type.String({ default: 'kubectl', minLength: 1, description: 'the program, for kustomize only' }),
  valuesFile: Type.Optional(Type.Union(Paths.anyOf, { description: 'values for {{ .Values.x }} in the manifests; later files win' })),
  values: Type.Optional(Type.Record(Type.String(), Type.Unknown(), { description: 'values that win over the files' })),
  namespace: Type.Optional(Type.String({ minLength: 1, description: 'where a manifest names none; default: the cluster\'s address or context' })),
  cluster: Type.Optional(ClusterAddress),
  kubeconfig: Type.Optional(Type.String({ minLength: 1, description: 'path on the worker; short for cluster.kubeconfigFile' })),
  context: Type.Optional(Type.String({ minLength: 1, description: 'short for cluster.context' })),
  force: Type.Boolean({ default: false, description: 'take fields that other managers have; without it they are a conflict, and nothing is touched' }),
  prune: Type.Optional(Type.String({ minLength: 1, description: 'a label selector: what matches it, was applied by a release and is not among the manifests is deleted' })),
  wait: Type.Boolean({ default: true, description: 'until workloads are ready and Jobs complete' }),
  stableFor: Type.String({ ...Duration, default: '5s', description: 'how long a workload must have been ready without a break: what has no readiness probe is ready until it crashes' }),
  stuckAfter: Type.String({ ...Duration, default: '2m', description: 'how long pods may be unable to start (image, crash loop, quota, no node) before the job has failed' }),
}, strict)
export type KubernetesConfig = Static<typeof KubernetesConfig>

/** Apply manifests to a cluster by server-side apply, and watch until what they start is ready. */
export const kubernetes = defineKind({
  name: 'kubernetes',
  aliases: ['k8s'],
  description: 'Applies manifests to a cluster and waits until they are rolled out',
  schema: KubernetesConfig,
  runsIn: 'activity', actsOn: 'cluster',
  snapshot: true,
  undo: true,
  variables: true,
  defaultTimeout: '15m',
  check: ({ manifests, kustomize, cluster, kubeconfig, context }) => [
    ...manifests === undefined && kustomize === undefined ? [{ path: '', message: 'give manifests or kustomize' }] : [],
    ...cluster?.kubeconfigFile !== undefined && kubeconfig !== undefined ? [{ path: 'kubeconfig', message: 'cluster.kubeconfigFile says it already' }] : [],
    ...cluster?.context !== undefined && context !== undefined ? [{ path: 'context', message: 'cluster.context says it already' }] : [],
  ],
})

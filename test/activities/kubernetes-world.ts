import { randomUUID } from 'node:crypto'
import { kubernetesRunner } from '../../activities/kinds/kubernetes/runner.js'
import type { JobContext } from '../../activities/kind-runner.js'
import type { JobResult } from '../../activities/contract.js'
import type { Change } from '../../domain/change.js'
import type { Json } from '../../domain/json.js'
import type { ClusterObject, ClusterPort } from '../../drivers/clusters/port.js'
import type { KubernetesConfig } from '../../plan/kinds/kubernetes.js'
import { jobContext } from './job-context.js'

export interface KubernetesJob {
  snapshot(config: Given): Promise<Json>
  execute(config: Given): Promise<JobResult>
  rollback(config: Given, snapshot: Json): Promise<void>
  preview(config: Given): Promise<Change[]>
  uninstall(config: Given): Promise<JobResult>
  context: ReturnType<typeof jobContext>
}
/** A config; objects are given as such and written as JSON, which is YAML. */
export type Given = Partial<Omit<KubernetesConfig, 'manifests'>> & { manifests?: ClusterObject[] | string | string[] }

/** One release's job on a cluster. Each has its own release, unless `changes` says otherwise. */
export function kubernetesJob(cluster: ClusterPort, { files = {}, releaseId = `r-${randomUUID()}`, attempt = 1, ...changes }: Partial<JobContext> & { files?: Record<string, string>; releaseId?: string; attempt?: number } = {}): KubernetesJob {
  const base = jobContext()
  const key = `${releaseId}/ship/apply/${attempt}`
  const context = jobContext({
    call: { ...base.call, release: { ...base.call.release, releaseId }, idempotencyKey: key }, idempotencyKey: key, cluster: async () => cluster, timeoutMs: 50_000,
    bundleFile: async (path) => files[path.replace(/^\.\//u, '')] ?? null,
    bundleFolder: async (path) => {
      const root = path.replace(/^\.\/|\/$/gu, '')
      if (files[root] !== undefined) return { '': files[root] }
      return Object.fromEntries(Object.entries(files).filter(([name]) => root === '' || name.startsWith(`${root}/`)).map(([name, text]) => [root === '' ? name : name.slice(root.length + 1), text]))
    },
    ...changes,
  })
  const asked = (given: Given): KubernetesConfig => ({
    kubectl: 'kubectl', force: false, wait: true, stuckAfter: '1s', stableFor: '0s', ...given,
    ...Array.isArray(given.manifests) && typeof given.manifests[0] === 'object' && { manifests: given.manifests.map((object) => `---\n${JSON.stringify(object)}`).join('\n') },
  } as KubernetesConfig)
  const { snapshot, execute, rollback, preview, uninstall } = kubernetesRunner as Required<typeof kubernetesRunner>
  return {
    context,
    snapshot: (given) => snapshot(asked(given), context), execute: (given) => execute(asked(given), context), rollback: (given, saved) => rollback(asked(given), saved, context),
    preview: (given) => preview(asked(given), context), uninstall: (given) => uninstall(asked(given), context),
  }
}

import type { KubeConfig } from '@kubernetes/client-node'
import { failure } from '../../domain/failures.js'
import { readKubeConfig } from './kube-config.js'
import { KubeConnection, type Asked, type Said } from './kube-connection.js'
import { KubePaths } from './kube-paths.js'
import { MANAGER, type ClusterAccess, type ClusterAnswer, type ClusterObject, type ClusterPort, type ListFilter, type ObjectRef, type ObjectType, type ResourceType, type WorkloadState } from './port.js'
import { refusal, refusedAs } from './refusal.js'
import { workloadState } from './workload.js'

const PAGE = '500'

/** A cluster by its API (Kubernetes API reference; Server-Side Apply; API Concepts). What it serves is discovered, nothing is built in. */
export class KubernetesCluster implements ClusterPort {
  readonly name: string
  readonly namespace: string
  readonly #connection: KubeConnection
  readonly #paths: KubePaths
  readonly #manager: string

  /** @param options.manager who we are among the managers of an object's fields */
  constructor(config: KubeConfig, { namespace, timeoutMs, manager = MANAGER }: { namespace?: string; timeoutMs?: number; manager?: string } = {}) {
    this.#manager = manager
    this.#connection = new KubeConnection(config, { ...timeoutMs !== undefined && { timeoutMs } })
    this.namespace = namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? 'default'
    this.name = this.#connection.name
    this.#paths = new KubePaths(this.#connection, this.namespace)
  }

  /** @param ownFile the installation's kubeconfig, for who names none @throws CONFIG_INVALID */
  static open(access: ClusterAccess, ownFile?: string): KubernetesCluster {
    return new KubernetesCluster(readKubeConfig(access, ownFile), { ...access.namespace !== undefined && { namespace: access.namespace } })
  }

  async resource(type: ObjectType): Promise<ResourceType | null> { return this.#paths.resource(type) }

  async get(ref: ObjectRef): Promise<ClusterObject | null> {
    const path = await this.#paths.object(ref, ref)
    if (path === null) return null
    const said = await this.#connection.ask('GET', path)
    return said.status === 404 ? null : this.#told(said, `${ref.kind} ${ref.name}`) as unknown as ClusterObject
  }

  async list(type: ObjectType, { namespace, labels, fields }: ListFilter = {}): Promise<ClusterObject[]> {
    const path = await this.#paths.collection(type, namespace ?? null)
    const all: ClusterObject[] = []
    if (path === null) return all
    let next: string | undefined
    do {
      const body = this.#told(await this.#connection.ask('GET', path, { query: { labelSelector: labels, fieldSelector: fields, limit: PAGE, continue: next } }), `its ${type.kind} objects`)
      all.push(...(body['items'] as ClusterObject[]).map((item) => ({ ...item, ...type })))
      next = (body['metadata'] as { continue?: string }).continue
    } while (next)
    return all
  }

  async apply(object: ClusterObject, { force = false, dryRun = false } = {}): Promise<ClusterAnswer> {
    return this.#change('PATCH', object, object.metadata, { contentType: 'application/apply-patch+yaml', body: object, query: { fieldManager: this.#manager, force: String(force), dryRun: dryRun ? 'All' : undefined, fieldValidation: 'Strict' } })
  }

  async replace(object: ClusterObject): Promise<ClusterAnswer> {
    return this.#change('PUT', object, object.metadata, { body: object, query: { fieldManager: this.#manager } })
  }

  async create(object: ClusterObject): Promise<ClusterAnswer> {
    const path = await this.#paths.collection(object, object.metadata.namespace)
    return path === null ? noKind(object) : answerOf(await this.#connection.ask('POST', path, { body: object, query: { fieldManager: this.#manager } }))
  }

  async patch(ref: ObjectRef, patch: Record<string, unknown>): Promise<ClusterAnswer> {
    return this.#change('PATCH', ref, ref, { contentType: 'application/merge-patch+json', body: patch, query: { fieldManager: this.#manager } })
  }

  /** In the foreground: it is gone when what it owns is gone. */
  async delete(ref: ObjectRef, { uid }: { uid?: string } = {}): Promise<ClusterAnswer> {
    const answer = await this.#change('DELETE', ref, ref, { body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Foreground', ...uid !== undefined && { preconditions: { uid } } } })
    return answer.refused && ['missing', 'noKind', 'noNamespace'].includes(answer.why) ? { refused: false, object: null } : answer
  }

  async scale(ref: ObjectRef, replicas: number): Promise<ClusterAnswer> {
    const path = await this.#paths.object(ref, ref)
    if (path === null) return noKind(ref)
    const said = await this.#connection.ask('PATCH', `${path}/scale`, { contentType: 'application/merge-patch+json', body: { spec: { replicas } }, query: { fieldManager: this.#manager } })
    return said.status < 300 ? { refused: false, object: await this.get(ref) } : refusal(said)
  }

  /** By a watch on this one object: what breaks it off ends the waiting, and whoever waits looks again. */
  async changed(ref: ObjectRef, version: string | null, { forMs, signal }: { forMs: number; signal?: AbortSignal }): Promise<void> {
    const path = await this.#paths.collection(ref, ref.namespace)
    if (path === null) return
    const query = { watch: 'true', fieldSelector: `metadata.name=${ref.name}`, resourceVersion: version ?? undefined, timeoutSeconds: String(Math.ceil(forMs / 1000)) }
    for await (const event of this.#connection.lines(path, query, { timeoutMs: forMs, ...signal && { signal } })) {
      if (event['type'] !== 'BOOKMARK') return
    }
  }

  async workload(ref: ObjectRef): Promise<WorkloadState | null> { return workloadState(this, ref) }

  /** A container that waits for its next run wrote its last words in the run before. */
  async logs({ namespace, pod, container }: { namespace: string; pod: string; container: string }, lines: number): Promise<string> {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`
    for (const previous of [undefined, 'true']) {
      const said = await this.#connection.ask('GET', path, { query: { container, tailLines: String(lines), previous }, anyStatus: true })
      if (said.status === 200 && said.text.trim() !== '') return said.text
    }
    return ''
  }

  async #change(method: string, type: ObjectType, at: { name: string; namespace?: string | undefined }, asked: Asked): Promise<ClusterAnswer> {
    const path = await this.#paths.object(type, at)
    return path === null ? noKind(type) : answerOf(await this.#connection.ask(method, path, asked))
  }

  #told(said: Said, what: string): Record<string, unknown> {
    if (said.status < 300) return said.body
    throw failure('TARGET_REFUSED', `${this.name} does not tell of ${what}: ${refusal(said).reason}`)
  }
}

const noKind = ({ apiVersion, kind }: ObjectType): ClusterAnswer => refusedAs('noKind', `the API knows no kind ${kind} in ${apiVersion}`)

/** What is deleted at once is answered with a Status instead of an object. */
const answerOf = (said: Said): ClusterAnswer => said.status < 300
  ? { refused: false, object: said.body['kind'] === 'Status' ? null : said.body as unknown as ClusterObject } : refusal(said)

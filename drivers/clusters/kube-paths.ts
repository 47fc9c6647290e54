import { failure } from '../../domain/failures.js'
import type { KubeConnection } from './kube-connection.js'
import type { ObjectType, ResourceType } from './port.js'
import { refusal } from './refusal.js'

/** `/api/v1`, `/apis/apps/v1`. */
export const versionPath = (apiVersion: string): string => apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`

/** What kinds the API serves and under which paths, asked once a version and again for a kind that was not there. */
export class KubePaths {
  readonly #connection: KubeConnection
  readonly #namespace: string
  readonly #known = new Map<string, Promise<Map<string, ResourceType>>>()

  constructor(connection: KubeConnection, namespace: string) {
    this.#connection = connection
    this.#namespace = namespace
  }

  async resource({ apiVersion, kind }: ObjectType): Promise<ResourceType | null> {
    const known = (await this.#known.get(apiVersion))?.get(kind)
    if (known) return known
    const asked = this.#ask(apiVersion)
    asked.catch(() => { this.#known.delete(apiVersion) })
    this.#known.set(apiVersion, asked)
    return (await asked).get(kind) ?? null
  }

  /** `/apis/apps/v1/namespaces/shop/deployments`; all namespaces when `namespace` is null. Null: the API knows no such kind. */
  async collection(type: ObjectType, namespace: string | null | undefined): Promise<string | null> {
    const resource = await this.resource(type)
    if (!resource) return null
    const scope = resource.namespaced && namespace !== null ? `/namespaces/${encodeURIComponent(namespace ?? this.#namespace)}` : ''
    return `${versionPath(type.apiVersion)}${scope}/${resource.plural}`
  }

  async object(type: ObjectType, { name, namespace }: { name: string; namespace?: string | undefined }): Promise<string | null> {
    const collection = await this.collection(type, namespace)
    return collection === null ? null : `${collection}/${encodeURIComponent(name)}`
  }

  async #ask(apiVersion: string): Promise<Map<string, ResourceType>> {
    const said = await this.#connection.ask('GET', versionPath(apiVersion))
    if (said.status === 404) return new Map()
    if (said.status !== 200) throw failure('TARGET_REFUSED', `${this.#connection.name} does not tell what ${apiVersion} has: ${refusal(said).reason}`)
    const resources = said.body['resources'] as { name: string; kind: string; namespaced: boolean }[]
    return new Map(resources.filter(({ name }) => !name.includes('/')).map(({ name, kind, namespaced }) => [kind, { plural: name, namespaced }]))
  }
}

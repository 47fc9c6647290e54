import { createHash } from 'node:crypto'
import { isObject } from '../../../domain/json.js'
import type { ClusterObject, ClusterPort, ObjectRef } from '../../clusters/port.js'
import type { Side } from '../port.js'
import { addressOf, backendOf, type Backend } from './service-url.js'

const SERVICE = { apiVersion: 'v1', kind: 'Service' }
const SLICE = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' }
/** On Services that a route's releases have made: which route. */
const FOR_ROUTE = 'releasectl.dev/route'
const LONGEST_LABEL = 63

/**
 * The Services behind a route. A version outside the cluster, called by its address, gets one without a selector and an EndpointSlice
 * that leads there: https://kubernetes.io/docs/concepts/services-networking/service/#services-without-selectors.
 */
export class RouteServices {
  readonly #cluster: ClusterPort
  constructor(cluster: ClusterPort) { this.#cluster = cluster }

  /** They are there: a route to a Service that is not is taken, and its requests fail. @returns why not; null: they are. `made`: not until now */
  async provide(sides: (Side | null)[], route: ObjectRef): Promise<{ why: string | null; made: boolean }> {
    let made = false
    for (const side of sides) {
      const backend = side && backendOf(side, route.namespace ?? '')
      if (!side || !backend) continue
      const isThere = await this.#cluster.get({ ...SERVICE, name: backend.service, namespace: backend.namespace }) !== null
      const why = addressOf(side) !== null ? await this.#lead(backend, side, route) : isThere ? null : `there is no Service ${backend.namespace}/${backend.service}`
      if (why !== null) return { why, made }
      made ||= !isThere
    }
    return { why: null, made }
  }

  /** Those that this route's releases have made go, but for these sides'. */
  async forget(route: ObjectRef, keep: (Side | null)[]): Promise<void> {
    const { namespace = '' } = route
    const kept = keep.map((side) => side && backendOf(side, namespace)?.service)
    for (const { metadata: { name } } of await this.#cluster.list(SERVICE, { namespace, labels: `${FOR_ROUTE}=${labelOf(route)}` })) {
      if (kept.includes(name)) continue
      for (const type of [SLICE, SERVICE]) await this.#cluster.delete({ ...type, namespace, name })
    }
  }

  /** Has it a ready endpoint? @returns why not */
  async unready({ service, namespace }: Backend): Promise<string | null> {
    const slices = await this.#cluster.list(SLICE, { namespace, labels: `kubernetes.io/service-name=${service}` })
    const isReady = slices.some(({ endpoints }) => Array.isArray(endpoints) && endpoints.some((endpoint) => isObject(endpoint) && (endpoint['conditions'] as { ready?: boolean } | undefined)?.ready !== false))
    return isReady ? null : `Service ${namespace}/${service} has no ready endpoint`
  }

  async #lead({ service, namespace, port }: Backend, side: Side, route: ObjectRef): Promise<string | null> {
    const address = addressOf(side) ?? ''
    const metadata = { name: service, namespace, labels: { [FOR_ROUTE]: labelOf(route) } }
    const objects: ClusterObject[] = [
      { ...SERVICE, metadata, spec: { ports: [{ name: 'http', port, targetPort: port, protocol: 'TCP' }] } },
      {
        ...SLICE, metadata: { ...metadata, labels: { ...metadata.labels, 'kubernetes.io/service-name': service } }, addressType: address.includes(':') ? 'IPv6' : 'IPv4',
        endpoints: [{ addresses: [address], conditions: { ready: true } }], ports: [{ name: 'http', port, protocol: 'TCP' }],
      },
    ]
    for (const object of objects) {
      const answer = await this.#cluster.apply(object)
      if (answer.refused) return `${object.kind} ${namespace}/${service} for ${side.url}: ${answer.reason}`
    }
    return null
  }
}

const labelOf = ({ name }: ObjectRef): string => name.length <= LONGEST_LABEL ? name : createHash('sha256').update(name).digest('hex').slice(0, LONGEST_LABEL)

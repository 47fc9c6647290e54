import type { ClusterObject } from '../../clusters/port.js'
import { EnvoyAdmin } from '../envoy/admin.js'
import type { SideCounters } from '../port.js'
import { lacking } from './istio-routes.js'
import type { Backend } from './service-url.js'

/** The proxies of a gateway in a cluster, where they can be asked: what no object tells. @throws TARGET_UNREACHABLE when one does not answer */
export interface Proxies {
  /** Null: each has a route object as it is; else which has something else. */
  lacks(object: ClusterObject): Promise<string | null>
  /** Has each of them somewhere to send the requests of these Services? A route that comes before that is answered with 503. */
  know(backends: Backend[]): Promise<boolean>
  /** What a Service has answered through all of them. */
  counters(backend: Backend): Promise<SideCounters>
  /** Requests under way on a Service. */
  underWay(backend: Backend): Promise<number>
}

/** Istio's: Envoys, each with a cluster for a Service's port, https://istio.io/latest/docs/ops/diagnostic-tools/proxy-cmd/. */
export class IstioProxies implements Proxies {
  readonly #envoys: EnvoyAdmin[]

  /** @param urls of their admin APIs */
  constructor(name: string, urls: string[], timeoutMs: number) {
    this.#envoys = urls.map((url) => new EnvoyAdmin(name, url, timeoutMs))
  }

  async lacks(object: ClusterObject): Promise<string | null> {
    for (const envoy of this.#envoys) {
      const why = lacking(object, await envoy.routes())
      if (why !== null) return `${envoy.who} ${why}`
    }
    return null
  }

  async know(backends: Backend[]): Promise<boolean> {
    const hosts = await Promise.all(this.#envoys.flatMap((envoy) => backends.map((backend) => envoy.hosts(clusterOf(backend)))))
    return hosts.every((list) => list !== null && list.length > 0)
  }

  async counters(backend: Backend): Promise<SideCounters> {
    const all = await Promise.all(this.#envoys.map((envoy) => envoy.counters(clusterOf(backend))))
    const bounds = [...new Set(all.flatMap(({ latency }) => latency.map(({ le }) => le)))]
    return {
      requests: sum(all.map(({ requests }) => requests)), errors: sum(all.map(({ errors }) => errors)),
      latency: bounds.map((le) => ({ le, count: sum(all.map(({ latency }) => latency.find((bucket) => bucket.le === le)?.count ?? 0)) })),
    }
  }

  async underWay(backend: Backend): Promise<number> { return sum(await Promise.all(this.#envoys.map((envoy) => envoy.underWay(clusterOf(backend))))) }
}

const clusterOf = ({ service, namespace, port }: Backend): string => `outbound|${port}||${service}.${namespace}.svc.cluster.local`
const sum = (numbers: number[]): number => numbers.reduce((all, number) => all + number, 0)

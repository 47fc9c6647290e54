import { failure } from '../../../domain/failures.js'
import type { SideCounters } from '../port.js'

/**
 * What the plugin `prometheus` has counted for a route at the servers of one side, as its export has it:
 * https://apisix.apache.org/docs/apisix/plugins/prometheus/. Its label `node` is an address without a port, so that
 * `http_status` and `http_latency` need the extra label `upstream_addr`.
 * @param text in Prometheus' text format
 * @param servers `address:port` each
 * @throws CONFIG_INVALID when the route's requests have no such label
 */
export function countersIn(who: string, text: string, route: string, servers: string[]): SideCounters {
  const samples = text.split('\n').flatMap(sampleIn).filter(({ labels }) => labels.get('route') === route)
  if (samples.some(({ name, labels }) => name.endsWith('http_status') && !labels.has('upstream_addr'))) throw failure('CONFIG_INVALID', `${who}: its metric http_status has no extra label upstream_addr, so it does not count by version`)
  const ours = samples.filter(({ labels }) => servers.includes(labels.get('upstream_addr')?.split(/, | : /u).at(-1) ?? ''))
  const statuses = ours.filter(({ name }) => name.endsWith('http_status'))
  const sum = (of: Sample[]): number => of.reduce((all, { value }) => all + value, 0)
  const latency = new Map<number, number>()
  for (const { name, labels, value } of ours) {
    const le = Number(labels.get('le'))
    if (name.endsWith('http_latency_bucket') && labels.get('type') === 'request' && Number.isFinite(le)) latency.set(le, (latency.get(le) ?? 0) + value)
  }
  return { requests: sum(statuses), errors: sum(statuses.filter(({ labels }) => Number(labels.get('code')) >= 500)), latency: [...latency].sort(([a], [b]) => a - b).map(([le, count]) => ({ le, count })) }
}

interface Sample { name: string; labels: Map<string, string>; value: number }

function sampleIn(line: string): Sample[] {
  const [, name, labels = '', value] = /^(\w+)\{(.*)\} (\S+)$/u.exec(line) ?? []
  if (name === undefined) return []
  return [{ name, value: Number(value), labels: new Map([...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/gu)].map(([, label = '', text = '']) => [label, text])) }]
}

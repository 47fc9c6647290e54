/**
 * A double of APISIX, which cannot be had here: the routes and upstreams of its Admin API as docs/en/latest/admin-api.md,
 * apisix/admin/{init,resource,utils}.lua and schema_def.lua (3.x) have them, and a gateway that follows the plugins
 * traffic-split and proxy-mirror as apisix/plugins/*.lua do. What it takes without a look: all other plugins and fields.
 */
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { isObject } from '../../domain/json.js'
import { upstream as server } from '../edge/upstream.js'

type Value = Record<string, unknown>
interface Stored { value: Value; createdIndex: number; modifiedIndex: number }
export interface Asked { method: string; path: string; body: unknown }

export class ApisixDouble {
  readonly key = 'edd1c9f034335f136f87ad84b625c8f1'
  /** Every call that came in with the right key. */
  readonly asked: Asked[] = []
  /** Not null: etcd is away, and every call ends with 503. */
  etcdIsAway: string | null = null
  /** Says yes to every change, and does nothing. */
  lies = false
  adminUrl = ''
  /** The export of the plugin prometheus (docs/en/latest/plugins/prometheus.md), with the extra label upstream_addr. */
  metricsUrl = ''
  port = 0
  readonly #stored = new Map<string, Stored>()
  readonly #turns = new WeakMap<object, number[]>()
  readonly #answered = new Map<string, number[]>()
  #index = 20
  #close: (() => Promise<void>)[] = []

  static async start(): Promise<ApisixDouble> {
    const double = new ApisixDouble()
    const admin = await server((request, response) => { void double.#admin(request, response) })
    const gateway = await server((request, response) => { double.#carry(request, response) })
    double.adminUrl = admin.url
    double.port = gateway.port
    const metrics = await server((_request, response) => { response.end(double.#export()) })
    double.metricsUrl = `${metrics.url}/apisix/prometheus/metrics`
    double.#close = [() => admin.stop(), () => gateway.stop(), () => metrics.stop()]
    return double
  }

  async stop(): Promise<void> { await Promise.all(this.#close.map((close) => close())) }

  /** What etcd holds under a key, as text. */
  stored(path: string): string { return JSON.stringify(this.#stored.get(path)?.value ?? null) }

  async #admin(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const answer = (status: number, content: unknown): void => { response.writeHead(status, { 'content-type': 'application/json', server: 'APISIX/3.14.1' }).end(JSON.stringify(content)) }
    const [, kind = '', id, ...sub] = /^\/apisix\/admin(\/.*)$/u.exec(request.url ?? '')?.[1]?.split('/').map(decodeURIComponent) ?? []
    if (request.headers['x-api-key'] === undefined) { answer(401, { error_msg: 'failed to check token', description: 'missing apikey' }); return }
    if (request.headers['x-api-key'] !== this.key) { answer(401, { error_msg: 'failed to check token', description: 'wrong apikey' }); return }
    const method = request.method ?? ''
    let conf: unknown
    try { conf = body === '' ? undefined : JSON.parse(body) } catch { answer(400, { error_msg: `invalid request body: ${body}` }); return }
    this.asked.push({ method, path: request.url ?? '', body: structuredClone(conf) })
    if (!['routes', 'upstreams'].includes(kind)) { answer(404, { error_msg: `Unsupported resource type: ${kind}` }); return }
    if (this.etcdIsAway !== null) { answer(503, { error_msg: this.etcdIsAway }); return }
    if (id === undefined) { answer(400, { error_msg: `missing ${kind.slice(0, -1)} id` }); return }
    answer(...this.#do(method, kind, id, sub.join('/'), conf))
  }

  #do(method: string, kind: string, id: string, sub: string, conf: unknown): [number, unknown] {
    const path = `/apisix/${kind}/${id}`
    const found = this.#stored.get(path)
    const missing: [number, unknown] = [404, { message: 'Key not found' }]
    switch (method) {
      case 'GET': return found ? [200, { key: path, ...found }] : missing
      case 'DELETE':
        if (found && !this.lies) this.#stored.delete(path)
        return found ? [200, { key: path, deleted: '1' }] : missing
      case 'PUT': {
        if (!isObject(conf)) return [400, { error_msg: 'missing configurations' }]
        if (conf['id'] !== undefined && conf['id'] !== id) return [400, { error_msg: `wrong ${kind.slice(0, -1)} id` }]
        return this.#put(path, kind, { ...conf, id, create_time: conf['create_time'] ?? found?.value['create_time'] ?? now(), update_time: conf['update_time'] ?? now() })
      }
      case 'PATCH': {
        if (!found) return missing
        const value = structuredClone(found.value)
        if (sub === '') merge(value, conf as Value)
        else set(value, sub.split('/'), conf)
        return this.#put(path, kind, { ...value, update_time: sub === '' && (conf as Value)['update_time'] !== undefined ? (conf as Value)['update_time'] : now() })
      }
      default: return [404, { error_msg: 'not found' }]
    }
  }

  #put(path: string, kind: string, value: Value): [number, unknown] {
    const wrong = kind === 'routes' ? this.#wrongRoute(value) : wrongUpstream(value)
    if (wrong !== null) return [400, { error_msg: wrong }]
    const before = this.#stored.get(path)
    const stored = { value, createdIndex: before?.createdIndex ?? ++this.#index, modifiedIndex: before ? ++this.#index : this.#index }
    if (!this.lies) this.#stored.set(path, stored)
    return [before ? 200 : 201, { key: path, value }]
  }

  #wrongRoute({ uri, uris, labels, plugins, upstream, upstream_id: id, service_id: service, id: name }: Value): string | null {
    const property = (which: string, why: string): string => `invalid configuration: property "${which}" validation failed: ${why}`
    if (!/^[a-zA-Z0-9-_.]+$/u.test(String(name))) return property('id', 'object matches none of the required')
    if (uri === undefined && uris === undefined) return 'invalid configuration: value should match only one schema, but matches none'
    if (upstream === undefined && id === undefined && service === undefined && plugins === undefined) return 'invalid configuration: value should match only one schema, but matches none'
    for (const [label, value] of Object.entries(isObject(labels) ? labels : {})) {
      if (typeof value !== 'string' || !/^\S+$/u.test(value) || value.length > 256) return property('labels', `failed to match pattern "^\\\\S+$" with "${String(value)}" of ${label}`)
    }
    if (id !== undefined && !this.#stored.has(`/apisix/upstreams/${id as string}`)) return `failed to fetch upstream info by upstream id [${id as string}], response code: 404`
    if (upstream !== undefined) { const wrong = wrongUpstream(upstream as Value); if (wrong !== null) return property('upstream', wrong) }
    const { 'traffic-split': split, 'proxy-mirror': mirror } = isObject(plugins) ? plugins : {}
    for (const rule of isObject(split) ? split['rules'] as Value[] : []) {
      if (Object.keys(rule).some((known) => !['match', 'weighted_upstreams'].includes(known))) return 'failed to check the configuration of plugin traffic-split err: property "rules" validation failed: additional properties forbidden'
      for (const { weight = 1 } of rule['weighted_upstreams'] as Value[]) if (!Number.isInteger(weight) || (weight as number) < 0) return 'failed to check the configuration of plugin traffic-split err: property "rules" validation failed: failed to validate item 1: property "weighted_upstreams" validation failed: failed to validate item 1: property "weight" validation failed: wrong type: expected integer, got number'
    }
    if (isObject(mirror) && !/^http(s)?:\/\/([\da-zA-Z.-]+|\[[\da-fA-F:]+\])(:\d{1,5})?$/u.test(String(mirror['host']))) return 'failed to check the configuration of plugin proxy-mirror err: property "host" validation failed: failed to match pattern'
    if (isObject(mirror) && mirror['sample_ratio'] !== undefined && !((mirror['sample_ratio'] as number) >= 0.00001 && (mirror['sample_ratio'] as number) <= 1)) return 'failed to check the configuration of plugin proxy-mirror err: property "sample_ratio" validation failed: expected to be at most 1'
    return null
  }

  /** The gateway: the first route whose uri fits. traffic-split.lua: the first rule without a match, or with one that passes; then by weight in turn. */
  #carry(request: IncomingMessage, response: ServerResponse): void {
    const route = [...this.#stored].find(([path, { value }]) => path.startsWith('/apisix/routes/') && (request.url ?? '').startsWith(String(value['uri']).replace(/\*$/u, '')))?.[1].value
    if (!route) { response.writeHead(404).end('{"error_msg":"404 Route Not Found"}'); return }
    const { 'traffic-split': split, 'proxy-mirror': mirror } = (route['plugins'] ?? {}) as Record<string, Value | undefined>
    const rule = (split?.['rules'] as Value[] | undefined)?.find(({ match }) => match === undefined || (match as { vars: string[][] }[]).some(({ vars }) => vars.every(([name = '', , value]) => variable(request, name) === value)))
    const upstreamOf = (one: Value): unknown => one['upstream'] ?? this.#stored.get(`/apisix/upstreams/${String(one['upstream_id'])}`)?.value
    const chosen = rule && upstreamOf(this.#inTurn(rule['weighted_upstreams'] as Value[]))
    if (mirror && Math.random() < Number(mirror['sample_ratio'] ?? 1)) http.get(`${String(mirror['host'])}${request.url}`, (copy) => copy.resume()).on('error', () => undefined)
    const { hostname: host, port } = new URL(`http://${addressOf((chosen ?? upstreamOf(route)) as Value)}`)
    const onward = http.request({ host, port, method: request.method, path: request.url, headers: request.headers, agent: false }, (answer) => { response.writeHead(answer.statusCode ?? 502, answer.headers); answer.pipe(response) })
    onward.on('error', () => { response.writeHead(502).end() })
    const startedMs = performance.now()
    response.on('finish', () => { this.#count(`code="${response.statusCode}",route="${String(route['id'])}"`, `matched_uri="${String(route['uri'])}",matched_host="",service="",consumer="",node="${host}"`, `${host}:${port}`, performance.now() - startedMs) })
    request.pipe(onward)
  }

  #count(status: string, more: string, address: string, tookMs: number): void {
    const labels = `${status},${more},upstream_addr="${address}"`
    const all = this.#answered.get(labels) ?? []
    this.#answered.set(labels, all)
    all.push(tookMs)
  }

  #export(): string {
    const answered = [...this.#answered]
    return [
      '# HELP apisix_http_status HTTP status codes per service in APISIX', '# TYPE apisix_http_status counter',
      ...answered.map(([labels, all]) => `apisix_http_status{${labels}} ${all.length}`),
      '# HELP apisix_http_latency HTTP request latency in milliseconds per service in APISIX', '# TYPE apisix_http_latency histogram',
      ...answered.flatMap(([labels, all]) => ['upstream', 'request'].flatMap((type) => [1, 10, 100, 1000, Infinity].map((le) =>
        `apisix_http_latency_bucket{type="${type}",${labels.replace(/code="\d+",/u, '')},le="${le === Infinity ? '+Inf' : le}"} ${all.filter((ms) => ms <= le).length}`))), '',
    ].join('\n')
  }

  /** Weighted round robin: who is most behind. */
  #inTurn(entries: Value[]): Value {
    const behind = this.#turns.get(entries) ?? entries.map(() => 0)
    const weights = entries.map(({ weight = 1 }) => weight as number)
    const next = behind.map((credit, n) => credit + (weights[n] ?? 0))
    const at = next.indexOf(Math.max(...next))
    next[at] = (next[at] ?? 0) - weights.reduce((sum, weight) => sum + weight, 0)
    this.#turns.set(entries, next)
    return entries[at] ?? {}
  }
}

const now = (): number => Math.floor(Date.now() / 1000)
const addressOf = ({ nodes }: Value): string => Array.isArray(nodes) ? `${(nodes[0] as Value)['host'] as string}:${(nodes[0] as Value)['port'] as number}` : Object.keys(nodes as object)[0] ?? ''

function wrongUpstream({ nodes, service_name: service, type }: Value): string | null {
  if (nodes === undefined && service === undefined) return 'value should match only one schema, but matches none'
  return type === 'chash' || type === undefined || ['roundrobin', 'ewma', 'least_conn'].includes(type as string) ? null : 'property "type" validation failed: matches none of the enum values'
}

function variable(request: IncomingMessage, name: string): string | undefined {
  if (name.startsWith('http_')) return request.headers[name.slice(5).replaceAll('_', '-')] as string | undefined
  return request.headers.cookie?.split(/;\s*/u).find((cookie) => cookie.startsWith(`${name.slice(7)}=`))?.slice(name.length - 6)
}

/** core.table.merge: maps are merged, lists and plain values replaced, null takes away. */
function merge(into: Value, from: Value): void {
  for (const [key, value] of Object.entries(from)) {
    if (value === null) Reflect.deleteProperty(into, key)
    else if (isObject(value) && isObject(into[key]) && Object.keys(into[key]).length > 0) merge(into[key], value)
    else into[key] = value
  }
}
/** core.table.patch: the value at the path is replaced as a whole. */
function set(into: Value, path: string[], value: unknown): void {
  const last = path.pop() ?? ''
  let at: Value = into
  for (const part of path) at = (at[part] ??= {}) as Value
  at[last] = value
}

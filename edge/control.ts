import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { Gateway } from './gateway.js'
import { log } from './log.js'
import { prometheusText, routeMetrics } from './metrics.js'
import { EdgeProblem, PROBLEMS } from './problem.js'
import { readRouteBody } from './route.js'
import type { Routes } from './routes.js'
import { bearsToken } from './token.js'

const MAX_BODY_BYTES = 64 * 1024
interface Answer { status: number; body: unknown }

/** The port where routes are set. All but GET /health asks for the bearer token; every error is `{ code, message }`. */
export function createControl(routes: Routes, gateway: Gateway, token: string): http.Server {
  return http.createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    answer(routes, gateway, token, request).then(({ status, body }) => send(response, status, body), (error: unknown) => {
      if (error instanceof EdgeProblem) return send(response, PROBLEMS[error.code], { code: error.code, message: error.message })
      log('error', error instanceof Error ? error.stack ?? error.message : String(error))
      send(response, 500, { code: 'INTERNAL', message: 'the gateway could not do that; its log says why' })
    })
  })
}

async function answer(routes: Routes, gateway: Gateway, token: string, request: IncomingMessage): Promise<Answer> {
  const path = (request.url ?? '/').replace(/\?.*$/, '')
  if (path === '/health') return health(routes, gateway)
  if (!bearsToken(request.headers.authorization, token)) throw new EdgeProblem('UNAUTHENTICATED', 'needs the header authorization: Bearer <token of EDGE_TOKEN_FILE>')
  const [room = '', name, part, sideId, ...more] = path.slice(1).split('/').map(decoded)
  if (path === '/metrics') return onlyGet(request, () => prometheusText(routes, gateway.open))
  if (room !== 'routes' || more.length > 0) throw new EdgeProblem('NOT_FOUND', `no ${path} here`)
  if (name === undefined) return onlyGet(request, () => routes.list())
  if (part === undefined) return routeItself(routes, name, request)
  if (part === 'metrics' && sideId === undefined) return onlyGet(request, () => routeMetrics(found(routes.live(name), name)))
  // A side that still has requests is worth asking for after its route is gone.
  if (part === 'sides' && sideId !== undefined) return onlyGet(request, () => ({ open: routes.sides.open(name, sideId) || (found(routes.get(name), name), 0) }))
  throw new EdgeProblem('NOT_FOUND', `no ${path} here`)
}

async function routeItself(routes: Routes, name: string, request: IncomingMessage): Promise<Answer> {
  switch (request.method) {
    case 'GET': return { status: 200, body: found(routes.get(name), name) }
    case 'PUT': return { status: 200, body: await routes.put(routeName(name), readRouteBody(await readJson(request)), revisionOf(request)) }
    case 'DELETE': return { status: 200, body: { removed: await routes.remove(name) || found(null, name) } }
    default: throw new EdgeProblem('METHOD_NOT_ALLOWED', `${request.method ?? ''} is none of GET, PUT, DELETE`)
  }
}

function health(routes: Routes, gateway: Gateway): Answer {
  const { problems } = routes
  return { status: 200, body: { status: problems.length === 0 ? 'ok' : 'degraded', problems, routes: routes.list().length, open: gateway.open } }
}

function onlyGet(request: IncomingMessage, body: () => unknown): Answer {
  if (request.method !== 'GET') throw new EdgeProblem('METHOD_NOT_ALLOWED', `${request.method ?? ''} is not GET`)
  return { status: 200, body: body() }
}

function found<Found>(thing: Found | null, name: string): Found {
  if (thing === null) throw new EdgeProblem('NOT_FOUND', `no route ${name}`)
  return thing
}

/** `If-Match: "7"`: only while the route is at that revision, so that a late request cannot undo a newer one (RFC 9110, 13.1.1). */
function revisionOf({ headers: { 'if-match': text } }: IncomingMessage): number | null {
  if (text === undefined) return null
  const revision = /^"?(\d+)"?$/.exec(text.trim())?.[1]
  if (revision === undefined) throw new EdgeProblem('REQUEST_INVALID', 'If-Match must be one revision, such as "7"')
  return Number(revision)
}

function routeName(name: string): string {
  if (/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,99}$/u.test(name)) return name
  throw new EdgeProblem('REQUEST_INVALID', 'the route\'s name must be 1 to 100 letters, digits, spaces, dots, dashes or underscores and begin with a letter or digit')
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new EdgeProblem('REQUEST_INVALID', `path part ${part} is not percent-encoded`)
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_BODY_BYTES) throw new EdgeProblem('TOO_LARGE', `body over ${MAX_BODY_BYTES} bytes`)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    throw new EdgeProblem('REQUEST_INVALID', `body must be JSON: ${(error as Error).message}`)
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = typeof body === 'string'
  const bytes = Buffer.from(text ? body : `${JSON.stringify(body)}\n`)
  response.writeHead(status, {
    'Content-Type': text ? 'text/plain; version=0.0.4; charset=utf-8' : 'application/json', 'Content-Length': bytes.length,
    ...status === 401 && { 'WWW-Authenticate': 'Bearer' },
  }).end(bytes)
}

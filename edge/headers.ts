import type { IncomingMessage } from 'node:http'

/** What is said of one request to those behind. */
export interface ForwardedRequest {
  /** Flat list of names and values; null when the client asks for another protocol. */
  headers: string[] | null
  hasBody: boolean
}

/**
 * The client's headers as they go to the version: spelling, order and doubles kept, Host too; without those that end at a
 * hop (RFC 9110 §7.6.1) and with X-Forwarded-*, which only a trusted proxy in front may have set before.
 * @param address of the client, as the connection has it
 */
export function forwardedRequest(request: IncomingMessage, address: string, trusted: boolean): ForwardedRequest {
  const { rawHeaders } = request
  const named = connectionNames(request.headers.connection)
  const headers: string[] = []
  let chunked = false
  let length = false
  let forwardedFor: string | undefined
  let [host, proto, port]: (string | undefined)[] = []
  for (let n = 0; n < rawHeaders.length; n += 2) {
    const name = rawHeaders[n] ?? ''
    const value = rawHeaders[n + 1] ?? ''
    switch (kindOf(name)) {
      case Kind.Length: length = true; headers.push(name, value); continue
      case Kind.TransferEncoding: chunked = true; continue
      case Kind.Upgrade: if (value.toLowerCase() !== 'h2c') return { headers: null, hasBody: false }; continue
      case Kind.Hop: case Kind.Version: continue
      case Kind.ForwardedFor: if (trusted) forwardedFor = forwardedFor === undefined ? value : `${forwardedFor}, ${value}`; continue
      case Kind.ForwardedHost: if (trusted) host = value; continue
      case Kind.ForwardedProto: if (trusted) proto = value; continue
      case Kind.ForwardedPort: if (trusted) port = value; continue
      case Kind.Plain: break
    }
    if (named === null || !named.has(name.toLowerCase())) headers.push(name, value)
  }
  if (chunked) headers.push('Transfer-Encoding', 'chunked')
  else if (!length && !BODILESS.has(request.method ?? '')) headers.push('Content-Length', '0')
  const authority = request.headers.host ?? `${request.socket.localAddress ?? ''}:${request.socket.localPort ?? ''}`
  if (request.headers.host === undefined) headers.push('Host', authority) // HTTP/1.0 need not have one, HTTP/1.1 must
  headers.push('X-Forwarded-For', forwardedFor === undefined ? address : `${forwardedFor}, ${address}`,
    'X-Forwarded-Proto', proto ?? 'http', 'X-Forwarded-Host', host ?? authority, 'X-Forwarded-Port', port ?? String(request.socket.localPort))
  return { headers, hasBody: chunked || request.headers['content-length'] !== undefined && request.headers['content-length'] !== '0' }
}

/** The version's headers as they go to the client, followed by `own`. */
export function forwardedResponse(response: IncomingMessage, own: readonly string[], cookie: string | null): string[] {
  const { rawHeaders } = response
  const named = connectionNames(response.headers.connection)
  const headers: string[] = []
  for (let n = 0; n < rawHeaders.length; n += 2) {
    const name = rawHeaders[n] ?? ''
    const kind = kindOf(name)
    if (kind === Kind.Hop || kind === Kind.TransferEncoding || kind === Kind.Upgrade || kind === Kind.Version) continue
    if (named === null || !named.has(name.toLowerCase())) headers.push(name, rawHeaders[n + 1] ?? '')
  }
  headers.push(...own)
  if (cookie !== null) headers.push('Set-Cookie', cookie)
  return headers
}

/** Trailers as node:http wants them: pairs. */
export function trailerPairs(raw: string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, n) => [raw[2 * n] ?? '', raw[2 * n + 1] ?? ''])
}

/** IPv4 written as IPv6 is the same client. */
export const plainAddress = (address: string | undefined): string => address === undefined ? '' : address.startsWith('::ffff:') ? address.slice(7) : address

/** What the headers of every answer say about who gave it. */
export const VERSION_HEADER = 'x-release-version'
export const RELEASE_HEADER = 'x-release-id'

/** Node sends these without a body; to others it would add an empty chunked one. */
const BODILESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE'])

const Kind = { Plain: 0, Hop: 1, Upgrade: 2, TransferEncoding: 3, Length: 4, ForwardedFor: 5, ForwardedHost: 6, ForwardedProto: 7, ForwardedPort: 8, Version: 9 } as const
type Kind = (typeof Kind)[keyof typeof Kind]
const KINDS = new Map<string, Kind>([
  ['connection', Kind.Hop], ['keep-alive', Kind.Hop], ['proxy-connection', Kind.Hop], ['proxy-authenticate', Kind.Hop],
  ['proxy-authorization', Kind.Hop], ['te', Kind.Hop], ['trailer', Kind.Hop], ['upgrade', Kind.Upgrade],
  ['transfer-encoding', Kind.TransferEncoding], ['content-length', Kind.Length],
  ['x-forwarded-for', Kind.ForwardedFor], ['x-forwarded-host', Kind.ForwardedHost], ['x-forwarded-proto', Kind.ForwardedProto],
  ['x-forwarded-port', Kind.ForwardedPort], [VERSION_HEADER, Kind.Version], [RELEASE_HEADER, Kind.Version],
])
const SPECIAL_LENGTHS = new Set([...KINDS.keys()].map(({ length }) => length))

/** Most names are plain, and most of those are told by their length alone, without lower-casing. */
const kindOf = (name: string): Kind => SPECIAL_LENGTHS.has(name.length) ? KINDS.get(name.toLowerCase()) ?? Kind.Plain : Kind.Plain

/** Headers that a Connection header names end here as well, but never what says where a request goes; null for the usual `keep-alive` and `close`. */
function connectionNames(connection: string | undefined): Set<string> | null {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return null
  return new Set(connection.toLowerCase().split(',').map((name) => name.trim()).filter((name) => name !== 'host'))
}

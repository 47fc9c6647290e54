import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'

/** Where a server is, for gateways that take an address and a port and no path. */
export interface Authority { host: string; port: number; tls: boolean }

/** @returns a reason in words when the URL says more than such a gateway can take */
export function authorityOf(url: string): Authority | string {
  const { protocol, hostname, port, pathname, search, username } = new URL(url)
  if (pathname !== '/' || search !== '' || username !== '') return `a side's url must be a scheme, a host and a port only, not ${pathname}`
  const tls = protocol === 'https:'
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? tls ? 443 : 80 : Number(port), tls }
}

export const urlOf = ({ host, port, tls }: Authority): string => `http${tls ? 's' : ''}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`

/** A name's address, for gateways that take addresses only; null when it has none. */
export const addressOf = async (host: string): Promise<string | null> =>
  isIP(host) ? host : lookup(host).then(({ address }) => address, () => null)

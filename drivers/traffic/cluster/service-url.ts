import { isIP } from 'node:net'
import type { Side } from '../port.js'

/** A Service's port, as routes of a cluster name their backends. */
export interface Backend { service: string; namespace: string; port: number }

/** `http://web.shop.svc:80`: how the version behind a Service is called, within its cluster. */
export const serviceUrl = ({ service, namespace, port }: Backend): string => `http://${service}.${namespace}.svc:${port}`

/**
 * The Service a side's URL names (`<service>.<namespace>.svc`, or with the cluster's domain behind), or the one that stands for its
 * address outside the cluster; null: it names neither. @param home the route's namespace
 */
export function backendOf(side: Side, home: string): Backend | null {
  if (!URL.canParse(side.url)) return null
  const { hostname, port: written, protocol } = new URL(side.url)
  const port = Number(written === '' ? protocol === 'https:' ? 443 : 80 : written)
  const address = addressOf(side)
  if (address !== null) return protocol === 'http:' ? { service: `releasectl-${address.replaceAll(/[.:]/gu, '-')}-${port}`, namespace: home, port } : null
  const [, service, namespace] = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\..+)?$/.exec(hostname) ?? []
  return service === undefined || namespace === undefined ? null : { service, namespace, port }
}

/** The IP address by which a side is called; null: it is called by name. */
export function addressOf({ url }: Side): string | null {
  const address = URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : ''
  return isIP(address) === 0 ? null : address
}

export const sameBackend = (a: Backend | null, b: Backend | null): boolean => a !== null && b !== null && a.service === b.service && a.namespace === b.namespace && a.port === b.port

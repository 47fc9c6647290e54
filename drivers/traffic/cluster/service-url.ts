import type { Side } from '../port.js'

/** A Service's port, as routes of a cluster name their backends. */
export interface Backend { service: string; namespace: string; port: number }

/** `http://web.shop.svc:80`: how the version behind a Service is called, within its cluster. */
export const serviceUrl = ({ service, namespace, port }: Backend): string => `http://${service}.${namespace}.svc:${port}`

/** The Service a side's URL names (`<service>.<namespace>.svc`, or with the cluster's domain behind); null: it names none. */
export function backendOf({ url }: Side): Backend | null {
  if (!URL.canParse(url)) return null
  const { hostname, port, protocol } = new URL(url)
  const [, service, namespace] = /^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\..+)?$/.exec(hostname) ?? []
  return service === undefined || namespace === undefined ? null : { service, namespace, port: Number(port === '' ? protocol === 'https:' ? 443 : 80 : port) }
}

export const sameBackend = (a: Backend | null, b: Backend | null): boolean => a !== null && b !== null && a.service === b.service && a.namespace === b.namespace && a.port === b.port

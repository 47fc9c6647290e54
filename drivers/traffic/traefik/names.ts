import type { Match, Side } from '../port.js'

/** Traefik has free names and nothing else: ours say who a service is, so that its API tells it. Parts are joined by two dashes. */
const JOINT = '--'

/** The service of a side. */
export const sideName = (route: string, { id, version }: Pick<Side, 'id' | 'version'>): string => [route, spelt(id), spelt(version)].join(JOINT)

/** @returns null for a service that is not ours */
export function sideIn(route: string, name: string): Pick<Side, 'id' | 'version'> | null {
  if (!name.startsWith(route + JOINT)) return null
  const [id, version, ...more] = name.slice(route.length + JOINT.length).split(JOINT)
  return id === undefined || version === undefined || more.length > 0 ? null : { id: read(id), version: read(version) }
}

/** What stands between the shares and the stable side while its requests are mirrored. */
export const mirrorName = (route: string): string => `${route}${JOINT}mirrored`

/** The router of requests that match, beside the router they would take else. */
export const matchName = (router: string, { by, name, value }: Match): string => [router, 'match', by, spelt(name), spelt(value)].join(JOINT)
export function matchIn(name: string): Match | null {
  const [, by, header, value, ...more] = name.slice(name.lastIndexOf(`${JOINT}match${JOINT}`)).split(JOINT).slice(1)
  return (by === 'header' || by === 'cookie') && header !== undefined && value !== undefined && more.length === 0 ? { by, name: read(header), value: read(value) } : null
}

/** Letters, digits and dots as they are, other bytes as `_` and two hex digits. */
const spelt = (text: string): string => text.replace(/[^A-Za-z0-9.]/gu, (sign) => [...Buffer.from(sign)].map((byte) => `_${byte.toString(16).padStart(2, '0')}`).join(''))
const read = (text: string): string => decodeURIComponent(text.replace(/_([0-9a-f]{2})/g, '%$1'))

import type { GatewayAbilities, RouteSplit } from './port.js'

/** Why a gateway of these abilities does not take a split; null: it may be asked for. */
export function unable(can: GatewayAbilities, { stable, candidate, percent, sticky, match = [], mirrorPercent = 0 }: RouteSplit): string | null {
  if (!(percent >= 0 && percent <= 100)) return `percent must be a number from 0 to 100, not ${percent}`
  if (!(mirrorPercent >= 0 && mirrorPercent <= 100)) return `mirrorPercent must be a number from 0 to 100, not ${mirrorPercent}`
  if (stable && candidate && stable.id === candidate.id) return `candidate.id must differ from stable.id ${stable.id}`
  if (stable === null && candidate === null) return 'a route in the gateway\'s own configuration cannot have no side at all'
  for (const { url } of [stable, candidate].filter((side) => side !== null)) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) return `a side's url must be http or https, not ${url}`
  }
  if (sticky && !can.sticky.includes(sticky.by)) return `it keeps no sessions by ${sticky.by}; ${can.sticky.length > 0 ? `it can by ${can.sticky.join(', ')}` : 'it keeps none'}`
  const matchBy = match.find(({ by }) => !can.match.includes(by))?.by
  if (matchBy !== undefined) return `it matches no requests by ${matchBy}`
  return mirrorPercent > 0 && !can.mirror ? 'it mirrors no requests' : null
}

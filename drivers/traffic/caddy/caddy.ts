import { isDeepStrictEqual } from 'node:util'
import { failure } from '../../../domain/failures.js'
import { isObject } from '../../../domain/json.js'
import { metricsIn } from '../access-log.js'
import { gatewayType } from '../gateway-type.js'
import type { Answer, RouteSplit, Side, TrafficPort } from '../port.js'
import { sameWithinStep, splitText } from '../same-split.js'
import { unable } from '../unable.js'
import { CaddyAdmin, type Found } from './caddy-admin.js'
import { handlerFor, understood, type Understood } from './handler.js'
import { CaddyFileTraffic } from './caddy-file.js'
import { CaddySettings } from './settings.js'
import { answeredBy } from './requests.js'

/**
 * Caddy by its admin API: the handler that has the route's name as its `@id` is replaced, and put back. Caddy's policies that keep
 * sessions do not move them by percent, so it keeps none. Its metrics count by handler, not by version: counters are out of an access log.
 */
export class CaddyTraffic implements TrafficPort {
  readonly can = { sticky: [], match: ['header', 'cookie'], mirror: false, makesRoutes: false, percentStep: 1 } as const
  /** Only with an access log. */
  readonly metrics: TrafficPort['metrics']
  readonly #caddy: CaddyAdmin
  readonly #name: string

  /** @param name what plans call it, for messages */
  constructor(settings: CaddySettings, name = 'caddy') {
    this.#caddy = new CaddyAdmin(settings, name)
    this.#name = name
    this.metrics = metricsIn(settings.log, answeredBy, (route) => this.read(route))
  }

  async read(route: string): Promise<RouteSplit | null> {
    const found = await this.#caddy.get(route)
    return found && { ...this.#understood(route, found).split, original: { handler: found.value } }
  }

  async setSplit(route: string, asked: RouteSplit): Promise<Answer> {
    const found = await this.#caddy.get(route)
    const wrong = unable(this.can, asked) ?? unlike(asked)
    if (wrong !== null) return { refused: true, reason: wrong }
    if (found === null) return { refused: true, reason: `nothing in Caddy's configuration has the @id ${route}` }
    const wanted = handlerFor(route, asked, this.#understood(route, found))
    const refusal = isDeepStrictEqual(found.value, wanted) ? null : await this.#caddy.put(route, found, wanted)
    if (refusal !== null) return { refused: true, reason: refusal }
    const inForce = await this.read(route)
    if (inForce && sameWithinStep(asked, inForce, this.can.percentStep)) return { refused: false, split: inForce }
    return { refused: true, reason: `it took ${splitText(asked)} but has ${splitText(inForce)} in force` }
  }

  async restore(route: string, snapshot: RouteSplit | null): Promise<Answer> {
    const found = await this.#caddy.get(route)
    if (snapshot === null) return found === null ? { refused: false, split: null } : { refused: true, reason: `route ${route} is in Caddy's own configuration: it is not taken away` }
    const before = isObject(snapshot.original) && isObject(snapshot.original['handler']) ? snapshot.original['handler'] : null
    if (before === null) return this.setSplit(route, snapshot)
    if (found === null) return { refused: true, reason: `nothing in Caddy's configuration has the @id ${route} any more` }
    const refusal = isDeepStrictEqual(found.value, before) ? null : await this.#caddy.put(route, found, before)
    if (refusal !== null) return { refused: true, reason: refusal }
    const now = await this.#caddy.get(route)
    if (now && isDeepStrictEqual(now.value, before)) return { refused: false, split: await this.read(route) }
    return { refused: true, reason: `it took ${splitText(snapshot)} back but has another handler in force` }
  }

  #understood(route: string, { value }: Found): Understood {
    const known = understood(value)
    if (known === null) throw failure('TARGET_REFUSED', `${this.#name}: @id ${route} is a ${value['handler'] as string} that sends requests to no upstream we can tell; it must be a reverse_proxy`)
    return known
  }
}

export const caddy = gatewayType(CaddySettings, (settings, name) => settings.folder === undefined ? new CaddyTraffic(settings, name) : new CaddyFileTraffic({ ...settings, folder: settings.folder }, name))

function unlike({ stable, candidate }: RouteSplit): string | null {
  const sides: Side[] = [stable, candidate].filter((side) => side !== null)
  const url = sides.map(({ url: one }) => new URL(one)).find(({ pathname, search }) => pathname !== '/' || search !== '')
  if (url) return `a side's url must be scheme, host and port, not ${url.href}`
  return new Set(sides.map((side) => new URL(side.url).protocol)).size > 1 ? 'one reverse_proxy cannot speak http to one version and https to the other' : null
}

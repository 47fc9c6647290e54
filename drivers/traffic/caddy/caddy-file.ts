import { join } from 'node:path'
import { readConfig, replaceConfig } from '../config-file.js'
import { metricsIn } from '../access-log.js'
import { authorityOf } from '../authority.js'
import type { Answer, RouteSplit, TrafficPort } from '../port.js'
import { sameWithinStep, splitText } from '../same-split.js'
import { unable } from '../unable.js'
import { CaddyAdmin } from './caddy-admin.js'
import { answeredBy } from './requests.js'
import type { CaddySettings } from './settings.js'
import { splitIn, splitLine } from './split-line.js'

/**
 * A Caddy whose configuration reads who gets a request from a file, at each request: a change loads nothing anew, so Caddy hangs up
 * on nobody. docs/decisions/0017.
 */
export class CaddyFileTraffic implements TrafficPort {
  readonly can = { sticky: [], match: [], mirror: false, makesRoutes: false, percentStep: 0.01 } as const
  /** Only with an access log. */
  readonly metrics: TrafficPort['metrics']
  readonly #caddy: CaddyAdmin
  readonly #folder: string

  /** @param name what plans call it, for messages */
  constructor(settings: CaddySettings & { folder: string }, name = 'caddy') {
    this.#caddy = new CaddyAdmin(settings, name)
    this.#folder = settings.folder
    this.metrics = metricsIn(settings.log, answeredBy, (route) => this.read(route))
  }

  async read(route: string): Promise<RouteSplit | null> {
    const path = this.#path(route)
    const isRead = path !== null && await this.#caddy.readsFile(path)
    const text = isRead ? await readConfig(path) : null
    const split = text === null ? null : splitIn(text)
    return split && { ...split, original: text }
  }

  async setSplit(route: string, asked: RouteSplit): Promise<Answer> {
    const wrong = unable(this.can, asked) ?? unlike(asked)
    return wrong === null ? this.#put(route, splitLine(asked), asked) : { refused: true, reason: wrong }
  }

  async restore(route: string, snapshot: RouteSplit | null): Promise<Answer> {
    if (snapshot === null) return await this.read(route) === null ? { refused: false, split: null } : { refused: true, reason: `route ${route} is in Caddy's own configuration: it is not taken away` }
    return typeof snapshot.original === 'string' ? this.#put(route, snapshot.original, snapshot) : this.setSplit(route, snapshot)
  }

  async #put(route: string, text: string, wanted: RouteSplit): Promise<Answer> {
    const path = this.#path(route)
    if (path === null || !await this.#caddy.readsFile(path)) return { refused: true, reason: `Caddy has nothing in force that reads {file.${path ?? join(this.#folder, route)}}` }
    const before = await readConfig(path)
    if (before === null) return { refused: true, reason: `${path} is not there: write it first, for example "0 10.0.0.5:8080 -"` }
    if (text !== before) await replaceConfig(path, text)
    const inForce = await this.read(route)
    return inForce && sameWithinStep(wanted, inForce, this.can.percentStep) ? { refused: false, split: inForce } : { refused: true, reason: `${path} was given ${splitText(wanted)} but has ${splitText(inForce)} in force` }
  }

  /** Null: no route can have such a name. */
  #path(route: string): string | null { return /^[\w-][\w.-]*$/u.test(route) ? join(this.#folder, route) : null }
}

/** How Caddy speaks to the versions stands in its own configuration; here it is told addresses only. */
function unlike({ stable, candidate }: RouteSplit): string | null {
  for (const side of [stable, candidate]) {
    const where = side && authorityOf(side.url)
    if (typeof where === 'string') return where
    if (where?.tls === true) return `a Caddy that reads its routes from files speaks http to versions, not ${side?.url ?? ''}`
  }
  return null
}

import { setTimeout as delay } from 'node:timers/promises'
import { failure } from '../../../domain/failures.js'
import { isObject } from '../../../domain/json.js'
import { metricsIn, type Answered } from '../access-log.js'
import { gatewayType } from '../gateway-type.js'
import type { Answer, GatewayAbilities, RouteSplit, TrafficPort } from '../port.js'
import { sameWithinStep, splitText } from '../same-split.js'
import { unable } from '../unable.js'
import { blockIn, splitIn } from './file-reading.js'
import { NginxMaster } from './nginx-master.js'
import { checkHost, routeFile } from './route-file.js'
import { RouteFolder } from './route-folder.js'
import { NginxSettings } from './settings.js'
import { answered, stampIn, type Stamp } from './stamp.js'

const AGAIN_MS = 20
/** nginx lets old workers accept for 100 ms beside the new ones (ngx_master_process_cycle in ngx_process_cycle.c). */
const SETTLED_MS = 300

/**
 * nginx, by one file a route and a reload. nginx itself answers, at the check address, which file it has in force: a reload that it
 * would not do, or a folder that it does not include, is seen. See docs/decisions/0017-proof-of-a-split.md.
 */
export class NginxTraffic implements TrafficPort {
  readonly can: GatewayAbilities
  /** Only with an access log: nginx itself counts by no version. */
  readonly metrics: TrafficPort['metrics']
  readonly #settings: NginxSettings
  readonly #name: string
  readonly #nginx: NginxMaster
  readonly #files: RouteFolder
  #busy: Promise<unknown> = Promise.resolve()

  /** @param name what plans call it, for messages */
  constructor(settings: NginxSettings, name = 'nginx') {
    this.can = { sticky: ['cookie', 'header', 'address'], match: ['header', 'cookie'], mirror: settings.mirror, makesRoutes: false, percentStep: 0.01 }
    this.#settings = settings
    this.#name = name
    this.#nginx = new NginxMaster(settings, name)
    this.#files = new RouteFolder(settings.folder)
    this.metrics = metricsIn(settings.log, answeredBy, (route) => this.read(route))
  }

  async read(route: string): Promise<RouteSplit | null> {
    const stamp = (await this.#inForce(route))?.stamp
    const file = await this.#files.inForce(route, stamp?.revision)
    if (file === null) return null
    const split = splitIn(route, file.text)
    if (split === null || stampIn(file.text)?.revision !== stamp?.revision) {
      throw failure('TARGET_REFUSED', `${this.#name}: ${this.#files.path(route)} ${split === null ? 'sets no route that can be understood' : `says ${splitText(split)}, nginx has ${splitText(stamp?.split ?? null)} in force`}`)
    }
    return { ...split, original: { file: file.text } }
  }

  async setSplit(route: string, asked: RouteSplit): Promise<Answer> {
    const stamp = (await this.#inForce(route))?.stamp
    const wrong = unable(this.can, asked) ?? unwritable(asked)
    if (wrong !== null) return { refused: true, reason: wrong }
    const now = await this.#files.inForce(route, stamp?.revision)
    if (now === null) return { refused: true, reason: `there is no ${this.#files.path(route) ?? `route named ${route}`}` }
    const { stable, candidate, percent, sticky, match, mirrorPercent = 0 } = asked
    const split = { stable, candidate, percent: Math.round(percent * 100) / 100, sticky, ...match && { match }, ...mirrorPercent > 0 && { mirrorPercent } }
    const answer = await this.#put(route, routeFile(route, split, this.#settings.check, (side) => blockIn(route, now.text, side)))
    if (answer.refused || (answer.split && sameWithinStep(asked, answer.split, this.can.percentStep))) return answer
    return { refused: true, reason: `it was told ${splitText(asked)} but has ${splitText(answer.split)} in force` }
  }

  async restore(route: string, snapshot: RouteSplit | null): Promise<Answer> {
    if (snapshot === null) return await this.read(route) === null ? { refused: false, split: null } : { refused: true, reason: `route ${route} is in nginx's own configuration: it is not taken away` }
    const { original } = snapshot
    return isObject(original) && typeof original['file'] === 'string' ? this.#put(route, original['file']) : this.setSplit(route, snapshot)
  }

  /** One at a time: a test of all files must not meet another one's half. */
  async #put(route: string, text: string): Promise<Answer> {
    const mine = this.#busy.then(() => this.#change(route, text))
    this.#busy = mine.catch(() => undefined)
    return mine
  }

  /** Test, put in force, prove. On a no of any of them the files are as they were. */
  async #change(route: string, text: string): Promise<Answer> {
    const stamp = (await this.#inForce(route))?.stamp
    const before = await this.#files.inForce(route, stamp?.revision)
    if (before === null) return { refused: true, reason: `there is no ${this.#files.path(route) ?? `route named ${route}`}` }
    const isNew = before.text !== text || before.isPending
    if (isNew) {
      await this.#files.put(route, text, before.text)
      const refusal = await this.#nginx.test()
      if (refusal !== null) {
        await this.#files.putBack(route, before.text)
        return { refused: true, reason: refusal }
      }
    }
    const refusal = await this.#untilInForce(route, stampIn(text), isNew)
    if (refusal !== null) {
      await this.#files.putBack(route, before.text)
      await this.#nginx.reload()
      return { refused: true, reason: refusal }
    }
    await this.#files.keep(route)
    return { refused: false, split: await this.read(route) }
  }

  /**
   * Reload, and wait until the workers that take connections have `wanted`: null, or what is in force instead.
   * @param isNew the file has changed: reload even when its stamp has not, as after an edit by hand
   */
  async #untilInForce(route: string, wanted: Stamp | null, isNew: boolean): Promise<string | null> {
    const before = await this.#inForce(route)
    const isReloaded = isNew || before?.stamp.revision !== wanted?.revision
    const refusal = isReloaded ? await this.#nginx.reload() : null
    if (refusal !== null) return refusal
    const until = Date.now() + this.#settings.timeoutMs
    for (let since: number | null = null; ; await delay(AGAIN_MS)) {
      const now = await this.#inForce(route)
      const is = now?.stamp.revision === wanted?.revision && !(isReloaded && now && now.pid === before?.pid)
      since = is ? since ?? Date.now() : null
      if (since !== null && Date.now() - since >= SETTLED_MS) return null
      if (!is && Date.now() >= until) return `it was told to reload for ${asText(wanted)} but has ${asText(now?.stamp)} in force; its error log says why`
    }
  }

  async #inForce(route: string): Promise<{ stamp: Stamp; pid: string } | null> {
    const body = await this.#nginx.ask(checkHost(route))
    const answer = body === null ? null : answered(body)
    return answer?.stamp.route === route ? answer : null
  }
}

export const nginx = gatewayType(NginxSettings, (settings, name) => new NginxTraffic(settings, name))

/** What cannot be written into nginx's configuration. */
function unwritable({ stable, candidate, sticky, match = [] }: RouteSplit): string | null {
  const url = [stable, candidate].find((side) => side && !/^https?:\/\/[A-Za-z0-9.:[\]_-]+\/?$/u.test(side.url))?.url
  if (url !== undefined) return `a side's url must be scheme, host and port, not ${url}`
  if (sticky && sticky.by !== 'address' && !sticky.name) return `sticky by ${sticky.by} needs the name of the ${sticky.by}`
  const header = [...sticky ? [sticky] : [], ...match].find(({ by, name = '' }) => by === 'header' && !/^[A-Za-z0-9-]+$/u.test(name))?.name
  return header === undefined ? null : `nginx has no variable for a header named ${header}`
}

/** `127.0.0.1:8081 200 0.012`. Of several servers that were tried, the last one answered. */
function answeredBy(line: string): Answered | null {
  const [, by = '', status, seconds] = /^(?:.*[, ])?(\S+) (\d{3}) ([\d.]+)$/u.exec(line) ?? []
  return by.includes(':') ? { by, status: Number(status), tookMs: Number(seconds) * 1000 } : null
}

const asText = (stamp: Stamp | null | undefined): string => stamp ? splitText(stamp.split) : 'the file of the operator'

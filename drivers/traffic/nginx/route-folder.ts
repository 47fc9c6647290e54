import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readConfig, replaceConfig } from '../config-file.js'
import { stampIn } from './stamp.js'

/** The files of the routes. While a new one is not proven, what it took the place of lies beside it. */
export class RouteFolder {
  readonly #folder: string
  constructor(folder: string) { this.#folder = folder }

  /** Null: no route can have such a name. */
  path(route: string): string | null { return /^[\w-][\w.-]*$/u.test(route) ? join(this.#folder, `${route}.conf`) : null }

  /**
   * The file that nginx has in force: the route's, or the one before while nobody knows that the new one is; a worker may have
   * been killed in between. Null: the route has none.
   * @param revision what nginx says; undefined: it has no file of ours in force
   */
  async inForce(route: string, revision: string | undefined): Promise<{ text: string; isPending: boolean } | null> {
    const path = this.path(route)
    if (path === null) return null
    const [now, before] = [await readConfig(path), await readConfig(aside(path))]
    const text = [now, before].find((one) => one !== null && stampIn(one)?.revision === revision) ?? before ?? now
    return text === null ? null : { text, isPending: before !== null }
  }

  async put(route: string, text: string, before: string): Promise<void> {
    const path = this.path(route) ?? ''
    await replaceConfig(aside(path), before)
    await replaceConfig(path, text)
  }

  /** The new one is in force. */
  async keep(route: string): Promise<void> { await rm(aside(this.path(route) ?? ''), { force: true }) }

  async putBack(route: string, before: string): Promise<void> {
    await replaceConfig(this.path(route) ?? '', before)
    await this.keep(route)
  }
}

/** nginx reads only *.conf. */
const aside = (path: string): string => `${path}.before`

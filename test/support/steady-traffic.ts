import http from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { RouteListen } from '../../drivers/traffic/port.js'
import { versionAt } from '../contract/traffic-versions.js'

const CLIENTS = 4
const PAUSE_MS = 20

/** Clients that ask without end, every other one over kept connections, the others over a new one each time. */
export class SteadyTraffic {
  /** Answers by version. */
  readonly answered: Record<string, number> = {}
  /** Requests without an answer of status 200, in words. */
  readonly lost: string[] = []
  #going = true
  readonly #agent = new http.Agent({ keepAlive: true })
  readonly #clients: Promise<void>[]

  /** @param again how often a request is sent again whose new connection was reset before any answer */
  constructor(listen: RouteListen, { again = 0 }: { again?: number } = {}) {
    this.#clients = Array.from({ length: CLIENTS }, async (_, n) => {
      for (; this.#going; await delay(PAUSE_MS)) {
        try {
          const version = await versionAt(listen, { ...n % 2 === 0 && { agent: this.#agent }, again })
          this.answered[version] = (this.answered[version] ?? 0) + 1
        } catch (error) { this.lost.push(`after ${JSON.stringify(this.answered)}: ${(error as Error).message}`) }
      }
    })
  }

  async stop(): Promise<void> {
    this.#going = false
    await Promise.all(this.#clients)
    this.#agent.destroy()
  }
}

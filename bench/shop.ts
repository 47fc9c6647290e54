import { setTimeout as delay } from 'node:timers/promises'
import { SHOP } from '../test/support/shop-lane.js'
import { nowMs } from './statistics.js'
import { canaryPlan, type PhaseSpec } from './plans.js'
import type { System } from './system.js'

const VISITORS = 4
const PAUSE_MS = 25

/** Releases examples/shop's service behind the system's edge, with visitors. */
export class Shop {
  readonly #system: System
  #version = 0
  #open = true
  #firstErrorAtMs: number | null = null
  #visits: Promise<unknown> = Promise.resolve()
  private constructor(system: System) { this.#system = system }

  /** With a first version out and visitors who go on until `close`. */
  static async open(system: System): Promise<Shop> {
    const shop = new Shop(system)
    const first = await system.ended(await shop.release([{ percentage: 100, duration: '1s', interval: '1s' }]))
    if (first.status !== 'succeeded') throw new Error(`the first version ended ${first.status}: ${first.reason ?? ''}`)
    shop.#visits = Promise.all(Array.from({ length: VISITORS }, () => shop.#visit()))
    return shop
  }

  async close(): Promise<void> {
    this.#open = false
    await this.#visits
  }

  /** The next version. @param failRate share of its requests that fail, 0–1. Returns the release's id. */
  release(phases: PhaseSpec[], failRate = 0): Promise<string> {
    this.#version += 1
    return this.#system.release({ planText: canaryPlan(phases), project: 'shop', version: `${this.#version}.0.0`, variables: { folder: SHOP, failRate: String(failRate) } })
  }

  /** When a visitor first got an error from the service since `forgetErrors`. */
  get firstErrorAtMs(): number | null { return this.#firstErrorAtMs }
  forgetErrors(): void { this.#firstErrorAtMs = null }

  /** Whether edge answers a visitor now. */
  async answers(): Promise<boolean> { return await this.#ask() === 200 }

  async #visit(): Promise<void> {
    for (; this.#open; await delay(PAUSE_MS)) if (await this.#ask() === 500) this.#firstErrorAtMs ??= nowMs()
  }

  async #ask(): Promise<number | null> {
    try {
      const answer = await fetch(this.#system.embedded.urls.edge, { signal: AbortSignal.timeout(2000) })
      await answer.arrayBuffer()
      return answer.status
    } catch { return null }
  }
}

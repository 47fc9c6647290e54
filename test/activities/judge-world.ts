import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import type { JudgeInput, JudgeResult } from '../../activities/contract.js'
import { createJudgeActivities } from '../../activities/judge/judge.js'
import { parseThreshold } from '../../domain/criteria.js'
import type { Counters } from '../../domain/counters.js'
import type { Criterion } from '../../domain/measurement.js'
import { MemoryMetrics } from '../../drivers/metrics/memory.js'
import type { TrafficPort } from '../../drivers/traffic/port.js'

export const counters = (requests: number, errors = 0): Counters =>
  ({ requests, errors, latency: [{ le: 100, count: requests }, { le: 500, count: requests }] })

export const criterion = (name: string, text: string, query: string | null = null): Criterion => {
  const threshold = parseThreshold(text)
  if (!threshold) throw new Error(`bad threshold in the test: ${text}`)
  return { name, threshold, query }
}

const second = 1000
export const input = (changes: Partial<JudgeInput> = {}): JudgeInput => ({
  call: {
    release: { tenant: 'acme', releaseId: 'r1', project: 'shop', environment: 'production', version: '2', requestedBy: 'ann', bundle: '' }, acceptedAt: '2026-01-01T00:00:00.000Z',
    stage: 'ship', job: 'rollout', kind: 'rollout', attempt: 1, target: null, idempotencyKey: 'r1/ship/rollout/1', config: {}, variables: {},
  },
  what: 'shop at 10%', source: { type: 'gateway', gateway: 'edge', route: 'shop' },
  criteria: [criterion('errorRate', '<1%')], minRequests: 20, baseline: null,
  intervalMs: 2 * second, windowMs: 60 * second, forMs: 60 * second, failureLimit: 1, errorLimit: 3, ...changes,
})

/** A judge on a clock that only its own waiting moves, a gateway that answers what the test says, metrics in memory. */
export class JudgeWorld {
  nowMs = 1_000_000
  readonly startMs = this.nowMs
  readonly metrics = new MemoryMetrics()
  /** The candidate's counters at a moment, in seconds since the start; throws when the gateway is down. */
  gateway: (second: number) => Counters | null = () => null
  beats: { atMs: number; details: unknown }[] = []
  secrets: Record<string, string> = {}
  onSleep: (secondNow: number) => Promise<void> | void = () => undefined
  cancel: () => void = () => undefined

  async judge(request: JudgeInput, info: ConstructorParameters<typeof MockActivityEnvironment>[0] = {}): Promise<JudgeResult> {
    const environment = new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') })
    environment.on('heartbeat', (details: unknown) => this.beats.push({ atMs: this.nowMs, details: JSON.parse(JSON.stringify(details)) }))
    this.cancel = () => environment.cancel()
    const activities = createJudgeActivities({
      gateways: { edge: { metrics: async () => this.#read() } as unknown as TrafficPort },
      metrics: this.metrics, prometheusUrl: 'http://prometheus',
      resolveSecret: async (reference) => this.secrets[reference] ?? '',
      clock: () => this.nowMs, sleep: async (ms) => this.#sleep(ms),
    })
    return environment.run(async (given: JudgeInput) => activities['rollout.judge'](given), request)
  }

  get second(): number { return (this.nowMs - this.startMs) / second }

  async #sleep(ms: number): Promise<void> {
    await this.onSleep(this.second)
    this.nowMs += ms
  }

  #read(): { stable: Counters; candidate: Counters; at: string } | null {
    const candidate = this.gateway(this.second)
    return candidate && { stable: counters(0), candidate, at: new Date(this.nowMs).toISOString() }
  }
}

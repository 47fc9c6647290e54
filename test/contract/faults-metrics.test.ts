import { setTimeout as delay } from 'node:timers/promises'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { afterEach, beforeAll, expect, test } from 'vitest'
import type { JudgeResult } from '../../activities/contract.js'
import { createJudgeActivities } from '../../activities/judge/judge.js'
import { HttpMetrics } from '../../drivers/metrics/http.js'
import { criterion, input } from '../activities/judge-world.js'
import { sharedComponent } from '../support/component.js'
import { ToxicLine } from '../support/toxic-line.js'
import { INSTALL_TIMEOUT_MS } from '../testbed/component.js'

// A real Prometheus behind a line that is spoilt while the judge asks it every 200 ms.
let line: ToxicLine
beforeAll(async () => {
  const { port } = await sharedComponent('prometheus', ['TESTBED_PROMETHEUS_PORT'])
  line = await ToxicLine.to(`127.0.0.1:${port['TESTBED_PROMETHEUS_PORT'] ?? 0}`)
}, INSTALL_TIMEOUT_MS)
afterEach(async () => { await line.mend() })

/** Judge for 4 s; a question is waited for for 500 ms. `asked` counts the questions. */
function judge(query: string): { verdict: Promise<JudgeResult>; asked: () => number } {
  const metrics = new HttpMetrics({ timeoutMs: 500 })
  let asked = 0
  const activities = createJudgeActivities({
    gateways: {}, prometheusUrl: `http://127.0.0.1:${line.port}`, resolveSecret: async () => '',
    metrics: { measure: async (...question) => { asked += 1; return metrics.measure(...question) } },
  })
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })
  const given = input({ source: { type: 'prometheus', address: null, headers: {} } as never, criteria: [criterion('errorRate', '<1%', query)], intervalMs: 200, forMs: 4000, failureLimit: 1, errorLimit: 4 })
  return { verdict: environment.run(activities['rollout.judge'], given), asked: () => asked }
}
const GOOD = 'vector(0.001)'
const asked = async ({ asked: count }: ReturnType<typeof judge>, times: number): Promise<void> => { while (count() < times) await delay(20) }

test('a good measure passes and a bad one fails over the same line', async () => {
  expect(await judge(GOOD).verdict).toMatchObject({ verdict: 'pass' })
  expect(await judge('vector(0.5)').verdict).toMatchObject({ verdict: 'fail' })
})

test.each([
  ['is cut', async () => line.cut()],
  ['answers half', async () => line.spoil('limit_data', { bytes: 40 }, 'downstream')],
  ['resets every call in the middle', async () => line.spoil('reset_peer', { timeout: 0 }, 'downstream')],
  ['falls silent', async () => line.spoil('timeout', { timeout: 0 })],
  ['is slower than anybody waits', async () => line.spoil('latency', { latency: 2000 }, 'downstream')],
])('a metric server whose line %s is an outage, never a bad measure', async (_what, spoil) => {
  const hold = judge(GOOD)
  await asked(hold, 3)
  await spoil()
  expect(await hold.verdict).toMatchObject({ verdict: 'outage', reason: expect.stringMatching(/4 times in a row/) as string })
})

test('a metric server that only blinks changes nothing', async () => {
  const hold = judge(GOOD)
  for (const times of [3, 8, 13]) {
    await asked(hold, times)
    await line.cut()
    await asked(hold, times + 2)
    await line.restore()
  }
  expect(await hold.verdict).toMatchObject({ verdict: 'pass' })
})

test('a slow line that answers in time changes nothing', async () => {
  await line.spoil('latency', { latency: 150, jitter: 50 }, 'downstream')
  expect(await judge(GOOD).verdict).toMatchObject({ verdict: 'pass' })
})

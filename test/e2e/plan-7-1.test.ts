import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isMap, isSeq, parseDocument } from 'yaml'
import { HttpMetrics } from '../../drivers/metrics/http.js'
import { cli } from '../cli/run-cli.js'
import { Installation } from '../support/installation.js'
import { INSTALL_TIMEOUT_MS, startComponent, type Component } from '../testbed/component.js'
import { startConfluenceDouble, TOKEN } from '../testbed/confluence-double.js'
import { startHttpTarget } from '../testbed/http-target.js'

// Specification 0, section 7.1, on the real thing. What has no far side here is taken out of the plan's text; nothing else is touched.
const FILE = fileURLToPath(new URL('../plan/spec-7-1.yaml', import.meta.url))
const WRITTEN = readFileSync(FILE, 'utf8')
// There is neither APISIX nor a cluster at hand: test/activities/gateway-apisix.test.ts and test/activities/kubernetes-*.test.ts run these jobs.
const AWAY = ['apisix-gateway', 'kubernetes']
const ERROR_RATE = 'sum(rate(http_requests_total{status=~"5..",service="payment"}[5m])) / sum(rate(http_requests_total{service="payment"}[5m]))'

let prometheus: Component
let payment: Awaited<ReturnType<typeof startHttpTarget>>
let confluence: Awaited<ReturnType<typeof startConfluenceDouble>>
let address = ''
const programs = mkdtempSync(join(tmpdir(), 'releasectl-programs-'))
let installation: Installation
let lead = ''
let isFailing = false
beforeAll(async () => {
  payment = await startHttpTarget(paymentService())
  prometheus = await startComponent('prometheus', ['TESTBED_PROMETHEUS_PORT'])
  address = `http://127.0.0.1:${prometheus.port['TESTBED_PROMETHEUS_PORT']}`
  const targets = join(prometheus.folder, 'prometheus', 'targets')
  mkdirSync(targets, { recursive: true })
  writeFileSync(join(targets, 'payment.json'), JSON.stringify([{ targets: [payment.url.replace('http://', '')], labels: { service: 'payment' } }]))
  confluence = await startConfluenceDouble()
  confluence.add('PROJ', 'Releases', '<p/>')
  writeFileSync(join(programs, 'token'), TOKEN)
  writeFileSync(join(programs, 'payment-api-tests'), '#!/bin/sh\necho 1..1\necho "ok 1 - $TEST_SUITE in $TEST_ENVIRONMENT"\n', { mode: 0o755 })
  installation = await Installation.start({
    PROMETHEUS_URL: address, CONFLUENCE_URL: confluence.url, CONFLUENCE_TOKEN_FILE: join(programs, 'token'), PATH: `${programs}:${process.env['PATH'] ?? ''}`,
  })
  lead = await installation.token('lead@example.com', 'approver')
}, INSTALL_TIMEOUT_MS)
afterAll(async () => {
  await installation.stop()
  await prometheus.stop()
  await payment.stop()
  await confluence.stop()
  rmSync(programs, { recursive: true })
})

test('7.1 is valid as it is written; the API and the CLI say the same', async () => {
  expect(await installation.call('POST', '/plans/validate', { planText: WRITTEN })).toMatchObject({ valid: true, issues: [] })
  const { code, stdout } = await cli(['validate', FILE, '-o', 'json'])
  expect([code, JSON.parse(stdout)]).toEqual([0, { valid: true, issues: [] }])
})

test('7.1 without those jobs runs to its end: release notes, notice, approval, tests, and a watch over a real Prometheus', async () => {
  await untilErrorRate((rate) => rate === 0)
  const askedBefore = await queriesAsked()
  const id = await installation.release({ planText: withoutThoseAway(), project: 'payment-service', version: '1.2.3' }, 'good')
  const { waiting: [approval] } = await installation.until(id, ({ status }) => status === 'approving')
  expect(approval).toMatchObject({ what: 'approval', where: 'deployment', who: ['lead@example.com', 'manager@example.com'] })
  await installation.call('POST', `/releases/${id}/approve`, {}, { token: lead })

  await installation.until(id, ({ waiting }) => waiting.some(({ what, detail }) => what === 'hold' && detail === 'holding for 10m'))
  while (await queriesAsked() < askedBefore + 4) await delay(500) // both queries, twice
  await installation.call('POST', `/releases/${id}/promote`, { to: 'next', reason: 'seen enough' }, { token: lead })
  const view = await installation.ended(id)

  expect(view).toMatchObject({ status: 'succeeded', reason: null, release: { project: 'payment-service', version: '1.2.3' } })
  expect(view.stages.map(({ name, status, jobs }) => [name, status, ...jobs.map((job) => `${job.name} ${job.status}`)])).toEqual([
    ['preparation', 'succeeded', 'create-release-notes succeeded', 'notify-stakeholders succeeded'], ['deployment', 'succeeded'], ['validation', 'succeeded', 'run-tests succeeded', 'monitor-metrics succeeded'],
  ])
  expect(confluence.page('Release 1.2.3')?.versions).toMatchObject([{ number: 1, body: expect.stringContaining('<strong>1.2.3</strong>') as string }])
  expect(view.stages[2]?.jobs[0]).toMatchObject({ outputs: { passed: 1, failed: 0, total: 1 } })
  expect(view.stages[0]?.jobs[1]?.message).toMatch(/^told nobody; not told: slack: no such channel is configured; .*; email: no such channel/)
  expect(view.approvals).toMatchObject([{ id: 'deployment', status: 'approved', decisions: [{ by: 'lead@example.com', door: 'api', counted: true }] }])
})

test('7.1 without those jobs is taken back by its own queries when one request in ten fails', async () => {
  isFailing = true
  await untilErrorRate((rate) => rate !== null && rate > 0.01)
  const id = await installation.release({ planText: withoutThoseAway(), project: 'payment-service', version: '1.2.4' }, 'bad')
  await installation.until(id, ({ status }) => status === 'approving')
  await installation.call('POST', `/releases/${id}/approve`, {}, { token: lead })
  const view = await installation.ended(id)
  expect(view).toMatchObject({ status: 'rolled_back', reason: expect.stringMatching(/^error-rate 0\.0\d+ .*0\.01.* for monitor-metrics$/) as string })
  expect(view.stages.find(({ name }) => name === 'validation')?.jobs).toMatchObject([{ name: 'run-tests', status: 'succeeded' }, { name: 'monitor-metrics', status: 'failed' }])
  const bodies = confluence.page('Release 1.2.3')?.versions.map(({ body }) => body) ?? []
  expect([bodies.length, bodies[2] === bodies[0], bodies[1] === bodies[0]]).toEqual([3, true, false])
})

/** The plan's text without the jobs of kinds that this build lacks. */
function withoutThoseAway(): string {
  const plan = parseDocument(WRITTEN)
  for (const path of [['stages'], ['rollback', 'stages']]) {
    const stages = plan.getIn(path)
    for (const stage of isSeq(stages) ? stages.items : []) {
      const jobs = isMap(stage) ? stage.get('jobs') : null
      if (isSeq(jobs)) jobs.items = jobs.items.filter((job) => !isMap(job) || !AWAY.includes(String(job.get('type'))))
    }
  }
  return plan.toString()
}

/** A service whose counters grow by a hundred requests a scrape, all under 250 ms; one in ten fails while `isFailing`. */
function paymentService(): () => { headers: Record<string, string>; body: string } {
  let [good, bad] = [0, 0]
  return () => {
    good += isFailing ? 90 : 100
    bad += isFailing ? 10 : 0
    const all = good + bad
    const body = [
      `http_requests_total{status="200"} ${good}`, `http_requests_total{status="503"} ${bad}`,
      ...[['0.1', 0.9], ['0.25', 1], ['1', 1], ['+Inf', 1]].map(([le, share]) => `http_request_duration_seconds_bucket{le="${le}"} ${all * Number(share)}`),
    ]
    return { headers: { 'content-type': 'text/plain; version=0.0.4' }, body: `${body.join('\n')}\n` }
  }
}

async function untilErrorRate(isReached: (rate: number | null) => boolean): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const rate = await new HttpMetrics().measure({ source: 'prometheus', address, query: ERROR_RATE, headers: {} })
    if (isReached(rate)) return
    if (tries === 150) throw new Error(`the error rate is ${rate} after 30 s`)
    await delay(200)
  }
}

/** Queries that Prometheus has answered, by its own count. */
async function queriesAsked(): Promise<number> {
  const text = await (await fetch(`${address}/metrics`)).text()
  return Number(/^prometheus_http_requests_total\{code="200",handler="\/api\/v1\/query"\} (\d+)$/m.exec(text)?.[1] ?? 0)
}

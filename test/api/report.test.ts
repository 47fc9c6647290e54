import { expect, test } from 'vitest'
import { markdownReport, shownTargets } from '../../api/report/markdown.js'
import { htmlReport } from '../../api/report/html.js'
import { reportOf, type ReportTarget } from '../../domain/report.js'
import type { TargetRun, TargetRunStatus } from '../../domain/target-run.js'
import { awaitingApproval } from '../cli/sample-view.js'

const run = (position: number, status: TargetRunStatus): TargetRun => ({
  stage: 'roll', position, wave: 0, status, message: status === 'failed' ? 'update: <no> | room' : null, pass: 1, jobs: [], startedAt: '2026-01-01T00:00:00.000Z', endedAt: '2026-01-01T00:00:02.000Z',
  target: { id: `t${position}`, name: `web-${position}`, type: 'host', via: 'direct', host: null, labels: {}, priority: 0 },
})

test('of two thousand targets a ticket gets the first and every one that failed; the page and the JSON have all', () => {
  const base = awaitingApproval()
  const view = { ...base, stages: [{ name: 'roll', phase: 'release' as const, status: 'failed' as const, startedAt: null, endedAt: null, jobs: [], fleet: { total: 2000, counts: { succeeded: 1999, failed: 1 }, failing: [], waves: [{ name: 'all', targets: 2000, done: 2000, failed: 1, status: 'failed' as const, startedAt: null, endedAt: null }] } }] }
  const report = reportOf(view, [], Array.from({ length: 2000 }, (_, n) => run(n, n === 1999 ? 'failed' : 'succeeded')), 0)
  const [markdown, html] = [markdownReport(report), htmlReport(report)]
  expect(report.stages[0]?.fleet?.targets).toHaveLength(2000)
  expect(report.stages[0]?.fleet?.targets[0]).toMatchObject({ name: 'web-0', wave: 'all', tookMs: 2000 })
  expect(markdown.match(/\*\*web-/g)).toHaveLength(200)
  expect(markdown).toContain('| **web-1999** |  | all | failed | 1 | 2s | update: \\<no\\> \\| room |')
  expect(markdown).toContain('And 1800 more targets; the JSON report has all of them.')
  expect([html.match(/<td>web-/g)?.length, html.includes('&#60;no&#62;'), html.includes('<details>')]).toEqual([2000, true, true])
})

test('who needs a person is never left out', () => {
  const target = (n: number, status: TargetRunStatus): ReportTarget => ({ name: `${n}`, host: null, wave: null, status, passes: 1, tookMs: null, message: null, jobs: [] })
  expect(shownTargets([target(1, 'succeeded'), target(2, 'stuck'), target(3, 'failed'), target(4, 'succeeded')], 1).map(({ name }) => name)).toEqual(['2', '3'])
})

test('times are for people to read: to the second, in UTC', () => {
  const report = reportOf({ ...awaitingApproval(), acceptedAt: '2026-03-01T09:05:07.123Z', startedAt: '2026-03-01T09:05:08.999Z', endedAt: null }, [], [], 0)
  for (const text of [markdownReport(report), htmlReport(report)]) {
    expect(text).toContain('2026-03-01 09:05:07 UTC')
    expect(text).toContain('not yet')
    expect(text).not.toMatch(/\d{4}-\d\d-\d\dT\d\d/)
  }
})

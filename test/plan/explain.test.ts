import { expect, test } from 'vitest'
import { compilePlan } from '../../plan/compile.js'
import { placeholderContext } from '../../plan/context.js'
import { explainPlan } from '../../plan/explain.js'
import { formatIssues } from '../../plan/format-issues.js'
import { filesOf } from './bundle.js'
import { HEADER, issuesOf, planOf } from './compiling.js'

test('a plan is explained: gates, order, times, undo', () => {
  const plan = planOf(`${HEADER}options: { timeout: 2d }
window: { timezone: Europe/Berlin, allowed: [{ days: [1, 5], start: "09:00", end: "17:00" }] }
stages:
  - name: ship
    requireApproval: true
    approval: { approvers: [lead], groups: [sre], quorum: 2, expires: 4h }
    jobs:
      - { name: say, type: notify, dependsOn: [rollout], config: { channels: [slack] } }
      - { name: migrate, type: script, timeout: 5m, retry: { attempts: 3, interval: 10s }, config: { script: "true", rollbackScript: "false" } }
      - name: rollout
        type: rollout
        timeout: 1h
        dependsOn: [migrate]
        config:
          service: shop
          deploy: { type: process, command: run }
          route: { name: shop }
          strategy: { type: canary, phases: [{ percentage: 5, duration: 15m, successCriteria: { errorRate: "<1%" } }, { percentage: 100, duration: 10m }] }
rollback: { stages: [{ name: tell, jobs: [{ name: sorry, type: wait, config: { duration: 5s } }] }] }
`)
  const explained = explainPlan(plan)
  // 4h approval + 3 × 5m and 10s + 20s of waits + 1h + 2m
  expect(explained).toMatchObject({ shortestMs: 25 * 60_000, longestMs: (4 * 60 + 15 + 60 + 2) * 60_000 + 30_000 })
  expect(explained.text).toBe(`shop: 25m to 5h17m30s, once it has started
  one release at a time of project/environment: it waits for its turn
  starts Mon Fri 09:00–17:00 (Europe/Berlin)
1 ship (release), 25m to 5h17m30s
    waits for 2 of lead, group sre, at most 4h
    - migrate [script], 0s to 15m30s, up to 3 attempts
        Runs a script; its output streams to the release's log
    - rollout [rollout] after migrate, 25m to 1h
        5 % for 15m, as long as errorRate <1%
        100 % for 10m
        Starts the new version, shifts traffic to it by a strategy, judges it, retires the old one
    - say [notification] after rollout, 0s to 2m
        Tells people over Slack, e-mail or a webhook
if it is taken back:
  1. the traffic rollout shifted
  2. what rollout (rollout) did
  3. what migrate (script) did
then tell (rollback), 5s
    - sorry [wait], 5s
        Waits for a time, a moment or a person`)
})

test('the plan\'s own timeout ends it before its jobs would', () => {
  const plan = planOf(`${HEADER}options: { timeout: 1m }\nstages: [{ name: one, jobs: [{ name: w, type: wait, config: { duration: 2h } }] }]\n`)
  expect(explainPlan(plan)).toMatchObject({ shortestMs: 60_000, longestMs: 60_000 })
})

test('jobs side by side take as long as the longest chain, in turn as long as all', () => {
  const stage = (parallel: boolean): string => `${HEADER}stages: [{ name: one, parallel: ${String(parallel)}, jobs: [{ name: a, type: wait, config: { duration: 1m } }, { name: b, type: wait, config: { duration: 5m } }, { name: c, type: wait${parallel ? ', dependsOn: [a]' : ''}, config: { duration: 2m } }] }]\n`
  expect(explainPlan(planOf(stage(true))).shortestMs).toBe(5 * 60_000)
  expect(explainPlan(planOf(stage(false))).shortestMs).toBe(8 * 60_000)
})

test('a plan with values known later can be explained', () => {
  const result = compilePlan({ entry: 'scripts.yaml', files: filesOf(new URL('../../examples/plans/', import.meta.url)) }, placeholderContext())
  expect(result.valid && explainPlan(result.plan).stages[0]?.jobs.map(({ name, after }) => [name, after])).toEqual([['download', []], ['load', ['download']], ['count', ['load']]])
})

const BAD = `${HEADER}stages:\n  - name: "发布"\n    jobs: [{ name: "测试", type: script, timeout: 15mins, config: { script: "true" } }]\n`

test('an issue is shown in its line, marked, with what to write instead', () => {
  expect(formatIssues(issuesOf(BAD), { 'plan.yaml': BAD })).toBe(`error BAD_DURATION plan.yaml:6:49 stages[0].jobs[0].timeout
    6 |     jobs: [{ name: "测试", type: script, timeout: 15mins, config: { script: "true" } }]
      |                                                   ^~~~~~
  timeout is "15mins"; a duration is written such as 90s, 15m, 1h30m
  did you mean "15m"?`)
})

test('colour is there when asked for, and control characters of a plan never are', () => {
  const text = `${BAD}x: "\u001b[2J"\n`
  expect(formatIssues(issuesOf(text), { 'plan.yaml': text }, { colour: true })).toContain('\u001b[31merror BAD_DURATION\u001b[0m')
  expect(formatIssues(issuesOf(text), { 'plan.yaml': text })).not.toContain('\u001b')
})

test('an issue without its file at hand is told without an excerpt', () => {
  expect(formatIssues(issuesOf(BAD), {}).split('\n')).toHaveLength(3)
})

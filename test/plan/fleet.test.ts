import { expect, test } from 'vitest'
import { batchOf, failuresAllowed, planWaves, type CompiledFleet } from '../../domain/fleet.js'
import { explainPlan } from '../../plan/explain.js'
import { HEADER, issuesOf, marked, planOf } from './compiling.js'

const JOB = '      - { name: update, type: script, config: { script: "true" } }\n'
const stageWith = (lines: string, jobs = JOB): string => `${HEADER}stages:\n  - name: fleet\n${lines.split('\n').map((line) => `    ${line}`).join('\n')}\n    jobs:\n${jobs}`
const fleet = (lines: string): CompiledFleet => planOf(stageWith(lines)).stages[0]?.fleet as CompiledFleet
const target = (name: string, labels: Record<string, string> = {}) => ({ id: `id-${name}`, name, labels })
const many = (count: number) => Array.from({ length: count }, (_, n) => target(`web-${n + 1}`, { zone: n % 2 === 0 ? 'eu' : 'us' }))
const takes = (lines: string, targets = many(10)) => {
  const { waves, leftOut, missing } = planWaves(fleet(lines).waves, targets)
  return { waves: Object.fromEntries(waves.map(({ name, targets: taken }) => [name, taken.map((n) => targets[n]?.name)])), leftOut: leftOut.length, missing }
}

test('a stage without targets is compiled as it always was', () => {
  expect(planOf(`${HEADER}stages:\n  - name: one\n    jobs:\n${JOB}`).stages[0]).not.toHaveProperty('fleet')
})

test('a rolling strategy says how many at once, how long between and how many may fail', () => {
  expect(fleet('targets: { selector: { role: web, canary: true }, offline: wait, offlineWait: 5m }\nstrategy: { type: rolling, batch_size: 25%, batch_interval: 30, max_failures: 1, min_success: 90% }')).toEqual({
    targets: { names: null, labels: { role: 'web', canary: 'true' }, type: null }, waves: [{ name: 'all', among: null, percent: null, approval: null, verify: null }],
    batch: { percent: 25 }, intervalMs: 30_000, parallel: 20, maxFailures: { count: 1 }, minSuccessPercent: 90, offline: 'wait', offlineWaitMs: 300_000, rollbackFailed: true, autoRollback: true,
  })
  expect(fleet('targets: [web-1, web-2]')).toMatchObject({ targets: { names: ['web-1', 'web-2'] }, batch: { count: 1 }, maxFailures: { count: 0 }, offline: 'fail' })
})

test('spec 2 §6.1: a share first, verified, then the rest after a yes', () => {
  const compiled = fleet(`targets: { all: true }
strategy:
  type: canary
  config:
    canary_percent: 10
    verify_duration: 300
    health_check: { type: http, url: "http://\${TARGET_HOST}:8080/health", success_threshold: 3 }
    auto_promote: false
    auto_rollback: true`)
  expect(compiled.waves).toMatchObject([
    { name: 'canary', percent: 10, approval: null, verify: { durationMs: 300_000, healthCheck: { type: 'http', url: { $late: ['http://', { ref: 'target.host' }, ':8080/health'] }, successThreshold: 3 } } },
    { name: 'rest', percent: null, approval: { approvers: [], quorum: 1 }, verify: null },
  ])
  expect(compiled.autoRollback).toBe(true)
})

test('spec 2 §6.2: named targets and those with the labels go first', () => {
  const lines = 'targets: { all: true }\nstrategy:\n  type: canary\n  config:\n    canary_targets: [id-web-3, web-5]\n    canary_selector: { labels: { zone: us } }\n    verify_duration: 600\n    auto_promote: false'
  expect(takes(lines)).toEqual({ waves: { canary: ['web-2', 'web-3', 'web-4', 'web-5', 'web-6', 'web-8', 'web-10'], rest: ['web-1', 'web-7', 'web-9'] }, leftOut: 0, missing: [] })
  expect(takes('targets: { all: true }\nstrategy: { type: canary, canaryTargets: [web-99] }').missing).toEqual(['web-99'])
})

test('spec 2 §6.3: clusters go by priority, a share of some first, and the targets need not be said twice', () => {
  const lines = `strategy:
  type: canary
  config:
    cluster_order:
      - { priority: 2, targets: [cluster-staging], verify_duration: 300, approval_required: true }
      - { priority: 1, targets: [cluster-dev], verify_duration: 60 }
      - { priority: 3, targets: [cluster-prod-1, cluster-prod-2], canary_percent: 20, verify_duration: 600 }
      - { priority: 4, targets: [cluster-prod-1, cluster-prod-2], full_rollout: true }`
  const clusters = ['cluster-dev', 'cluster-prod-1', 'cluster-prod-2', 'cluster-staging'].map((name) => target(name))
  expect(takes(lines, clusters)).toEqual({ waves: { 'priority 1': ['cluster-dev'], 'priority 2': ['cluster-staging'], 'priority 3': ['cluster-prod-1'], 'priority 4': ['cluster-prod-2'] }, leftOut: 0, missing: [] })
  const { targets, waves } = fleet(lines)
  expect(targets.names).toEqual(['cluster-staging', 'cluster-dev', 'cluster-prod-1', 'cluster-prod-2'])
  expect(waves.map(({ approval, verify }) => [approval !== null, verify?.durationMs ?? 0])).toEqual([[false, 60_000], [true, 300_000], [false, 600_000], [false, 0]])
})

test('a share is rounded up for a canary and down for a batch, but never to nobody', () => {
  const percents = (percent: number, count: number): number => takes(`targets: { all: true }\nstrategy: { type: canary, canaryPercent: ${percent} }`, many(count)).waves['canary']?.length ?? 0
  expect([percents(10, 10), percents(10, 11), percents(1, 3), percents(100, 3)]).toEqual([1, 2, 1, 3])
  expect([batchOf({ percent: 25 }, 10), batchOf({ percent: 25 }, 3), batchOf({ count: 4 }, 3)]).toEqual([2, 1, 4])
})

test('the stricter of the two limits counts', () => {
  const allowed = (maxFailures: CompiledFleet['maxFailures'], minSuccessPercent: number | null) => failuresAllowed({ maxFailures, minSuccessPercent }, 20)
  expect([allowed({ count: 0 }, null), allowed({ percent: 10 }, null), allowed(null, 90), allowed({ count: 5 }, 90), allowed({ count: 1 }, 50)]).toEqual([0, 2, 2, 2, 1])
})

test('what is known only for a target is filled in late, in jobs of stages with targets', () => {
  const job = '      - { name: tell, type: webhook, condition: target.labels.zone == "eu", config: { url: "http://${target.host}/${target.labels.zone}" } }\n'
  expect(planOf(stageWith('targets: [a]', job)).stages[0]?.jobs[0]?.config['url']).toEqual({ $late: ['http://', { ref: 'target.host' }, '/', { ref: 'target.labels.zone' }] })
})

const prompt = (type: string, config: string): string => `      - { name: «ask, type: ${type}, config: ${config} }\n`
const CASES: [code: string, text: string, message: RegExp][] = [
  ['MISSING_KEY', stageWith('strategy: «{ type: rolling }'), /needs targets beside it/],
  ['WRONG_VALUE', stageWith('targets: { all: true }\nstrategy: { type: «blue_green }'), /type is "blue_green"; allowed: rolling, canary/],
  ['UNKNOWN_KEY', stageWith('targets: { «sellector: { role: web }, all: true }'), /sellector is not known/],
  ['UNKNOWN_KEY', stageWith('targets: { all: true }\nstrategy: { type: rolling, config: { «batchsize: 3 } }'), /batchsize is not known/],
  ['BAD_FORMAT', stageWith('targets: { all: true }\nstrategy: { type: rolling, batchSize: «120% }'), /batchSize is "120%"/],
  ['OUT_OF_RANGE', stageWith('targets: { all: true }\nstrategy: { type: canary, canaryPercent: «0 }'), /at least 1/],
  ['CONFIG_INVALID', stageWith('targets: { all: true }\nstrategy: «{ type: canary, verifyDuration: 5m }'), /needs canaryPercent/],
  ['CONFIG_INVALID', stageWith('targets: { all: true }\nstrategy: «{ type: canary, canaryPercent: 5, canaryTargets: [a] }'), /only one can be meant/],
  ['CONFIG_INVALID', stageWith('targets: «{ offline: skip }'), /targets needs selector, names, type or all/],
  ['CONFIG_INVALID', stageWith('strategy: { type: canary, clusterOrder: [«{ priority: 1, targets: [a, b], canaryPercent: 50 }] }'), /a, b: 50 % of them are a canary, but no later entry takes the rest/],
  ['DUPLICATE_NAME', stageWith('targets: «[a, b, a]'), /names a twice/],
  ['CONFIG_INVALID', stageWith('targets: [a]\nstrategy: { type: canary, canaryPercent: 5, healthCheck: «{ type: http } }'), /type http needs url/],
  ['CONFIG_INVALID', stageWith('targets: [a]', prompt('approval', '{ approvers: [lead] }')), /would ask a person once a target/],
  ['CONFIG_INVALID', stageWith('targets: [a]', prompt('wait', '{ waitForApproval: true }')), /would ask a person once a target/],
  ['REFERENCE_NOT_FOUND', `${HEADER}stages:\n  - name: one\n    jobs:\n      - { name: a, type: webhook, config: { url: «"http://\${target.host}" } }\n`, /the stage has no targets/],
  ['REFERENCE_NOT_FOUND', `${HEADER}stages:\n  - name: one\n    jobs:\n      - { name: a, type: script, condition: «target.name == "x", config: { script: "true" } }\n`, /the stage has no targets/],
  ['REFERENCE_NOT_FOUND', stageWith('targets: [a]\ncondition: «target.name == "a"'), /before its targets are known/],
  ['REFERENCE_NOT_FOUND', stageWith('targets: [a]', '      - { name: a, type: webhook, config: { url: "http://«${target.hots}" } }\n'), /a target has id, name/],
  ['REFERENCE_NOT_FOUND', stageWith('targets: [a]', `${JOB}  - name: after\n    jobs:\n      - { name: b, type: webhook, config: { url: «"http://x/\${jobs.update.outputs.x}" } }\n`), /runs once a target of stage fleet/],
]
test.each(CASES)('%s is told where it is (case %#)', (code, written, message) => {
  const { text, places } = marked(written)
  const issues = issuesOf(text)
  expect(issues.map((issue) => ({ code: issue.code, at: `${issue.line}:${issue.column}` }))).toEqual([{ code, at: places[0] }])
  expect(issues[0]?.message).toMatch(message)
})

test('a strategy may lie in an include', () => {
  const text = `${HEADER}includes: [{ path: ./slow.yaml }]\nstages: [{ name: fleet, targets: { all: true }, strategy: "\${includes.slow}", jobs: [] }]\n`
  expect(planOf(text, { 'slow.yaml': 'type: rolling\nbatch_size: 2\ninterval: 1m\n' }).stages[0]?.fleet).toMatchObject({ batch: { count: 2 }, intervalMs: 60_000 })
})

test('explain tells whom a stage acts on, how, and when it fails', () => {
  const { stages, text } = explainPlan(planOf(stageWith(`targets: { selector: { role: web }, offline: skip }
strategy: { type: canary, canaryPercent: 10, verifyDuration: 5m, autoPromote: false, batchSize: 25%, interval: 30s, maxFailures: 1 }`)))
  expect(stages[0]?.gates).toEqual([
    'on targets with role=web: 25 % at a time, 30s between, at most 20 at work; one that is away is skipped',
    'fails when more than 1 failed; a target that failed is taken back by itself',
    'wave canary: 10 % of the targets; then watched for 5m',
    'wave rest: everyone else; waits for 1 of anyone with the role approver, at most 3d',
  ])
  expect(text).toContain('    on targets with role=web')
})

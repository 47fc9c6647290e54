import { expect, test } from 'vitest'
import type { CompileContext } from '../../plan/context.js'
import type { IssueCode } from '../../plan/issue.js'
import { HEADER, issuesOf, jobWith, marked } from './compiling.js'

interface Case { text: string; message: string | RegExp; suggestion?: string; files?: Record<string, string>; context?: Partial<CompileContext> }
const stages = (text: string): string => `${HEADER}stages:\n${text}`
const script = (lines: string): string => jobWith(`type: script\nconfig:\n  script: "true"\n${lines.split('\n').map((line) => `  ${line}`).join('\n')}`)
const rollout = (strategy: string): string => jobWith(`type: rollout\nconfig:\n  service: shop\n  deploy: { type: process, command: run }\n  route: { name: shop }\n  strategy:\n${strategy.split('\n').map((line) => `    ${line}`).join('\n')}`)
const LATER = '  - name: one\n    jobs:\n      - { name: a, type: script, config: { script: "true" }'
const started: Partial<CompileContext> = { envComplete: true, env: { HOME: '/root', TOKEN: 'x' } }

const CASES: [IssueCode, Case][] = [
  ['YAML_SYNTAX', { text: 'a: [1\n«b: 2\n', message: /Flow sequence/u }],
  ['YAML_SYNTAX', { text: `${HEADER}stages: []\nvariables:\n  a: «!secret x\n`, message: /tag/u }],
  ['YAML_SYNTAX', { text: `${HEADER}stages: []\n«---\na: 1\n`, message: 'a plan is one document: nothing may follow ---' }],
  ['DUPLICATE_KEY', { text: `${HEADER}stages: []\n«stages: []\n`, message: 'stages is given twice' }],
  ['DUPLICATE_KEY', { text: stages('  - name: one\n    on_error: stop\n    «onError: stop\n    jobs: []\n'), message: 'onError and onError are the same key' }],
  ['BAD_KEY', { text: `${HEADER}stages: []\nvariables:\n  ? «[a]\n  : 1\n`, message: 'a key must be plain text' }],
  ['BAD_KEY', { text: `${HEADER}stages: []\nvariables:\n  «__proto__: 1\n`, message: '__proto__ cannot be a key' }],
  ['NOT_A_MAP', { text: '«- a\n', message: /a list/u }],
  ['NOT_A_MAP', { text: '«', message: 'the file must be a map of keys' }],
  ['TOO_LARGE', { text: `«${'- '.repeat(200)}`, message: 'nested too deeply: at most 64 levels' }],
  ['TOO_LARGE', { text: `«# ${'x'.repeat(262_144)}`, message: 'file has 262146 bytes: at most 262144' }],
  ['UNKNOWN_KEY', { text: `${HEADER}«stage: []\nstages: []\n`, message: /^stage is not known here; allowed: apiVersion, /u, suggestion: 'did you mean "stages"?' }],
  ['UNKNOWN_KEY', { text: rollout('type: canary\nphases: [{ percentage: 100, «maxErorRate: 1 }]'), message: /^maxErorRate is not known here; allowed: percentage, duration/u }],
  ['MISSING_KEY', { text: stages('  - «jobs: []\n'), message: 'stages[0] needs name' }],
  ['MISSING_KEY', { text: '«apiVersion: devops.release/v1\nkind: ReleasePlan\nmetadata: { name: shop }\n', message: 'the plan needs stages' }],
  ['MISSING_KEY', { text: rollout('«phases: []'), message: 'strategy needs type: canary, blue-green' }],
  ['WRONG_TYPE', { text: `${HEADER}stages: «soon\n`, message: 'stages is "soon"; it must be a list' }],
  ['WRONG_TYPE', { text: rollout('type: canary\nphases: [{ percentage: «much }]'), message: 'percentage is "much"; it must be a number' }],
  ['WRONG_VALUE', { text: 'apiVersion: «devops.release/v2\nkind: ReleasePlan\nmetadata: { name: shop }\nstages: []\n', message: 'apiVersion is "devops.release/v2"; allowed: devops.release/v1', suggestion: 'did you mean "devops.release/v1"?' }],
  ['WRONG_VALUE', { text: rollout('type: «canari\nphases: []'), message: 'type is "canari"; allowed: canary, blue-green', suggestion: 'did you mean "canary"?' }],
  ['WRONG_VALUE', { text: stages('  - name: one\n    onError: «rolback\n    jobs: []\n'), message: 'onError is "rolback"; allowed: continue, stop, rollback', suggestion: 'did you mean "rollback"?' }],
  ['OUT_OF_RANGE', { text: rollout('type: canary\nphases: [{ percentage: «150 }]'), message: /^percentage is 150; at most 100 is allowed/u }],
  ['OUT_OF_RANGE', { text: rollout('type: canary\nphases: «[]'), message: 'phases has 0 values; at least 1 is needed' }],
  ['OUT_OF_RANGE', { text: `${HEADER}stages: []\nwindow: { allowed: [{ days: [1], start: "10:00", end: «"09:00" }] }\n`, message: 'the window ends at 09:00, not after its start at 10:00' }],
  ['BAD_FORMAT', { text: stages('  - name: «"-x"\n    jobs: []\n'), message: /^name is "-x"; allowed: letters/u }],
  ['BAD_DURATION', { text: jobWith('type: script\ntimeout: «15mins\nconfig: { script: "true" }'), message: 'timeout is "15mins"; a duration is written such as 90s, 15m, 1h30m', suggestion: 'did you mean "15m"?' }],
  ['BAD_THRESHOLD', { text: rollout('type: canary\nphases: [{ percentage: 5, successCriteria: { errorRate: «"under 1" } }]'), message: /^errorRate is "under 1"; a threshold is written/u }],
  ['BAD_URL', { text: jobWith('type: webhook\nconfig: { url: «"ftp://x" }'), message: /^url is "ftp:\/\/x"/u }],
  ['BAD_TIME', { text: jobWith('type: wait\nconfig: { until: «tomorrow }'), message: /^until is "tomorrow"/u }],
  ['BAD_TIME', { text: `${HEADER}stages: []\nwindow: { timezone: «Mars/Base, allowed: [{ days: [1], start: "09:00", end: "10:00" }] }\n`, message: /time zone/u }],
  ['BAD_EXPRESSION', { text: jobWith('type: script\ncondition: variables.a ==«\nconfig: { script: "true" }'), message: /condition: Unexpected token/u }],
  ['BAD_EXPRESSION', { text: jobWith('type: script\ncondition: "1 < 2 && «somthing"\nconfig: { script: "true" }'), message: 'condition: Unknown variable: somthing' }],
  ['BAD_EXPRESSION', { text: jobWith('type: condition\nconfig: { expression: «"1 + 1" }'), message: 'expression comes to int, not to true or false' }],
  ['BAD_EXPRESSION', { text: jobWith('type: script\ncondition: >-\n  true &&\n  «${variables.a}\nconfig: { script: "true" }'), message: /Unexpected character/u, suggestion: 'in a condition write variables.x, without ${ }' }],
  ['CONFIG_INVALID', { text: rollout('type: canary\nphases:\n  - { percentage: 50 }\n  - { percentage: «10 }'), message: /^percent falls/u }],
  ['CONFIG_INVALID', { text: rollout('type: canary\nphases: [{ percentage: 50, successCriteria: «{ errorRate: "<1%" } }]').replace('{ name: shop }', '{ gateway: replicas, name: shop }'), message: 'replicas count no requests: judge by analysis' }],
  ['CONFIG_INVALID', { text: jobWith('type: approval\nconfig: { approvers: [a], quorum: «2 }'), message: 'quorum is 2, but only 1 may approve' }],
  ['NOT_IN_THIS_BUILD', { text: `${HEADER}stages: []\n«scheduledRelease: { cron: "0 10 * * 1-5" }\n`, message: 'scheduledRelease: schedules in a plan are not in this build' }],
  ['UNKNOWN_KIND', { text: jobWith('type: «validaton\nconfig: { anything: "${nothing.here" }'), message: /^this build has no job kind "validaton"; it has rollout, /u, suggestion: 'did you mean "validation"?' }],
  ['INCLUDE_NOT_FOUND', { text: `${HEADER}includes:\n  - path: «./common/notification.yaml\nstages: []\n`, files: { 'common/notifications.yaml': 'a: 1' }, message: './common/notification.yaml is not in the bundle', suggestion: 'did you mean "common/notifications.yaml"?' }],
  ['INCLUDE_OUTSIDE', { text: `${HEADER}includes: [{ path: «../secrets.yaml }]\nstages: []\n`, message: '../secrets.yaml lies outside the bundle' }],
  ['REFERENCE_SYNTAX', { text: script('workDir: "/opt/«${variables.a"'), message: '${ without its }' }],
  ['REFERENCE_SYNTAX', { text: script('workDir: "«${HOME[}"'), message: '${HOME[} is no reference' }],
  ['REFERENCE_NOT_FOUND', { text: `${script('workDir: "/opt/«${variables.nmae}"')}variables: { name: shop }\n`, message: 'variables.nmae is not there: no variable nmae', suggestion: 'did you mean "name"?' }],
  ['REFERENCE_NOT_FOUND', { text: `${script('workDir: "«${variables.a.b.d}"')}variables: { a: { b: { c: 1 } } }\n`, message: 'variables.a.b.d is not there: variables.a.b has no d' }],
  ['REFERENCE_NOT_FOUND', { text: script('workDir: «${GIT_BRANCH}'), message: /^GIT_BRANCH is a built-in variable/u }],
  ['REFERENCE_NOT_FOUND', { text: `${jobWith('type: script\ncondition: variables.on && «variables.of\nconfig: { script: "true" }')}variables: { on: true, off: true }\n`, message: 'variables.of is not there', suggestion: 'did you mean "on"?' }],
  ['REFERENCE_CYCLE', { text: `${HEADER}stages: []\nvariables:\n  a: "\${variables.b}"\n  b: "x \${variables.c}"\n  c: "«\${a}"\n`, message: 'variables refer to each other: variables.a → variables.b → variables.c → variables.a' }],
  ['REFERENCE_NOT_TEXT', { text: `${script('workDir: "/opt/«${variables.list}"')}variables: { list: [1] }\n`, message: '${variables.list} is a list: it cannot stand in the middle of a text' }],
  ['REFERENCE_TOO_EARLY', { text: stages(`${LATER} }\n      - { name: b, type: webhook, config: { url: «"\${jobs.a.outputs.url}" } }\n`), message: 'a cannot be done by then: add dependsOn: [a]' }],
  ['REFERENCE_TOO_EARLY', { text: stages('  - name: zero\n    condition: «jobs.a.status == "succeeded"\n    jobs: []\n' + `${LATER} }\n`), message: 'a cannot be done by then: it is in a later stage, one' }],
  ['REFERENCE_TOO_EARLY', { text: `${HEADER}stages: []\nvariables: { a: "«\${jobs.a.outputs.x}" }\n`, message: /^a variable is known before the first job/u }],
  ['UNKNOWN_JOB', { text: stages(`${LATER}, dependsOn: [«smok] }\n      - { name: smoke, type: script, config: { script: "true" } }\n`), message: 'no job is named smok', suggestion: 'did you mean "smoke"?' }],
  ['UNKNOWN_JOB', { text: script('workDir: «${jobs.smook.outputs.dir}'), message: 'no job is named smook', suggestion: 'did you mean "smoke"?' }],
  ['LATE_VALUE', { text: stages('  - name: one\n    approvers: [«"${env.LEAD}"]\n    jobs: []\n'), message: /must be known before the release starts/u }],
  ['ENV_MISSING', { text: script('environment: { TOKEN: "«${env.TOKN}" }'), context: started, message: 'environment variable TOKN is not given', suggestion: 'did you mean "TOKEN"?' }],
  ['ENV_MISSING', { text: jobWith('type: script\ncondition: «env.CI == "1"\nconfig: { script: "true" }'), context: started, message: 'environment variable CI is not given' }],
  ['VARIABLE_INVALID', { text: `${HEADER}stages: []\nvariables:\n  replicas: { type: number, value: «many }\n`, message: 'variable replicas is "many", not a number' }],
  ['VARIABLE_REQUIRED', { text: `${HEADER}stages: []\nvariables:\n  «replicas: { type: number }\n`, message: /^variable replicas has no value/u }],
  ['VARIABLE_REQUIRED', { text: `${HEADER}stages: []\nvariables:\n  url: { type: env_specific, values: «{ dev: a, prod: b } }\n`, context: { environmentName: 'prd' }, message: 'variable url has no value for environment prd; it has dev, prod', suggestion: 'did you mean "prod"?' }],
  ['UNKNOWN_SECRET_SOURCE', { text: `${HEADER}stages: []\nvariables:\n  password: { type: secret, from: «"vault:kv/shop#password" }\n`, message: 'secret password comes from "vault:kv/shop#password"; this build reads env:NAME and file:/path' }],
  ['LITERAL_SECRET', { text: `${HEADER}stages: []\nvariables:\n  password: { type: secret, value: «hunter2 }\n`, message: 'secret password is written out in the plan' }],
  ['SECRET_IN_CONDITION', { text: `${jobWith('type: script\ncondition: «variables.password == "x"\nconfig: { script: "true" }')}variables: { password: { type: secret, from: "env:P" } }\n`, message: /^variables.password holds a secret/u }],
  ['DUPLICATE_NAME', { text: stages('  - { name: one, jobs: [] }\n  - { name: «one, jobs: [] }\n'), message: 'two stages are named one' }],
  ['DUPLICATE_NAME', { text: stages(`${LATER} }\n  - name: two\n    jobs:\n      - { name: «a, type: script, config: { script: "true" } }\n`), message: 'two jobs are named a: the other is in stage one' }],
  ['DEPENDENCY_CYCLE', { text: stages(`${LATER}, dependsOn: [c] }\n      - { name: b, dependsOn: [«a], type: script, config: { script: "true" } }\n      - { name: c, dependsOn: [b], type: script, config: { script: "true" } }\n`), message: 'jobs wait for each other: a → c → b → a' }],
  ['DEPENDENCY_LATER', { text: stages(`${LATER}, dependsOn: «b }\n  - name: two\n    jobs:\n      - { name: b, type: script, config: { script: "true" } }\n`), message: 'a cannot wait for b, which comes later, in stage two' }],
  ['QUORUM_UNREACHABLE', { text: stages('  - name: one\n    approval: { approvers: [a, a], quorum: «2 }\n    jobs: []\n'), message: 'quorum is 2, but only 1 may approve' }],
  ['UNKNOWN_WINDOW', { text: `${HEADER}stages: []\nwindow: «production-hour\n`, context: { windows: { 'production-hours': { timezone: 'UTC', allowed: [], blackoutDates: [], emergencyUsers: [] } } }, message: /^no release window is named production-hour/u, suggestion: 'did you mean "production-hours"?' }],
  ['LITERAL_NOT_INTERPOLATED', { text: jobWith('type: script\nconfig:\n  script: |\n    cd /opt\n    echo «${variables.name}'), message: '${variables.name} is not filled in: nothing is in a script' }],
  ['TARGET_VARIABLE_HIDDEN', { text: `${stages('  - name: one\n    targets: { all: true }\n    jobs: []\n')}variables: { «TARGET_HOST: web }\n`, message: /^every target gets this TARGET_HOST/u }],
  ['APPROVAL_UNUSED', { text: stages('  - name: one\n    requireApproval: false\n    approvers: «[a]\n    jobs: []\n'), message: /nobody is asked/u }],
]

test.each(CASES)('%s is told where it is (case %#)', (code, { text: written, message, suggestion, files, context }) => {
  const { text, places } = marked(written)
  const issues = issuesOf(text, files, context)
  expect(issues.map((issue) => ({ code: issue.code, at: `${issue.line}:${issue.column}` }))).toEqual([{ code, at: places[0] }])
  expect(issues[0]?.message).toMatch(message)
  if (suggestion !== undefined) expect(issues[0]?.suggestion).toBe(suggestion)
})

test('an issue in an include points into that include', () => {
  const issues = issuesOf(`${jobWith('type: rollout\nconfig:\n  service: shop\n  deploy: { type: process, command: run }\n  route: { name: shop }\n  strategy: ${includes.strategies.canary}')}includes: [{ path: ./strategies/canary.yaml }]\n`, {
    'strategies/canary.yaml': 'type: canary\nphases:\n  - { percentage: 101 }\n',
  })
  expect(issues).toMatchObject([{ code: 'OUT_OF_RANGE', file: 'strategies/canary.yaml', path: 'phases[0].percentage', line: 3, column: 19 }])
})

test('files that include each other are named', () => {
  const issues = issuesOf(`${HEADER}includes: [{ path: a.yaml }]\nstages: []\n`, { 'a.yaml': 'includes: [{ path: b.yaml }]', 'b.yaml': 'includes: [{ path: a.yaml }]' })
  expect(issues).toMatchObject([{ code: 'INCLUDE_CYCLE', file: 'b.yaml', line: 1, column: 20, message: 'files include each other: a.yaml → b.yaml → a.yaml' }])
})

test('all issues of a plan are told at once, sorted by place', () => {
  const issues = issuesOf(`${HEADER}options: { timeout: soon, autoRolback: true }\nstages:\n  - name: one\n    jobs:\n      - { name: a, type: nothing }\n      - { name: a, type: script, dependsOn: [z], config: { script: 1, workdir: / } }\n`)
  expect(issues.map(({ code, line }) => `${code} ${line}`)).toEqual([
    'BAD_DURATION 4', 'UNKNOWN_KEY 4', 'UNKNOWN_KIND 8', 'DUPLICATE_NAME 9', 'UNKNOWN_JOB 9', 'UNKNOWN_KEY 9',
  ])
})

test('a kind this build lacks is told once, with its other places', () => {
  const issues = issuesOf(`${HEADER}stages:\n  - name: one\n    jobs:\n      - { name: a, type: db-migrate }\n      - { name: b, type: db-migrate, dependsOn: [a] }\nrollback: { stages: [{ name: back, jobs: [{ name: c, type: db-migrate }] }] }\n`)
  expect(issues).toHaveLength(1)
  expect(issues[0]).toMatchObject({ code: 'UNKNOWN_KIND', path: 'stages[0].jobs[0].type' })
  expect(issues[0]?.message).toContain('(also at stages[0].jobs[1].type, rollback.stages[0].jobs[0].type)')
})

test('a compiled plan over the limit names it', () => {
  const big = `variables:\n${Array.from({ length: 20 }, (_, n) => `  v${n}: "${'x'.repeat(5000)}"`).join('\n')}\n`
  const jobs = Array.from({ length: 4 }, (_, n) => `      - { name: j${n}, type: script, config: { script: "true" } }`).join('\n')
  expect(issuesOf(`${HEADER}${big}stages:\n  - name: one\n    jobs:\n${jobs}\n`)).toMatchObject([{ code: 'TOO_LARGE', message: expect.stringMatching(/^the compiled plan has \d+ bytes: at most 262144$/u) as string }])
})

test('more than 2000 jobs are too many', () => {
  const jobs = Array.from({ length: 2001 }, (_, n) => `{name: j${n}, type: wait, config: {duration: 1s}}`).join(',')
  expect(issuesOf(`${HEADER}stages: [{name: one, jobs: [${jobs}]}]\n`).map(({ message }) => message)).toContain('the plan has 2001 jobs: at most 2000')
})

import { expect, test } from 'vitest'
import type { CompileContext } from '../../plan/context.js'
import { compileText, HEADER, issuesOf, jobWith, planOf } from './compiling.js'

const scriptWith = (environment: string, rest = ''): string => `${jobWith(`type: script\nconfig:\n  script: "true"\n  environment: ${environment}`)}${rest}`
const environmentOf = (text: string, files: Record<string, string> = {}, context: Partial<CompileContext> = {}): unknown =>
  planOf(text, files, context).stages[0]?.jobs[0]?.config['environment']
const LAYERS = { system: {}, project: {}, environment: {}, release: {}, runTime: {} }

test('a whole reference keeps its type, one within a text becomes text', () => {
  const plan = planOf(`${jobWith('type: webhook\nconfig: { url: "http://h/${variables.n}", body: { n: "${variables.n}", on: "${variables.on}", all: "${variables}".x, m: "${variables.map}" } }'.replace(', all: "${variables}".x', ''))}variables: { n: 3, on: true, map: { list: [1, "\${n}"] } }\n`)
  expect(plan.stages[0]?.jobs[0]?.config).toMatchObject({ url: 'http://h/3', body: { n: 3, on: true, m: { list: [1, 3] } } })
})

test.each([
  ['"${variables.list[1]}"', 'b'], ['"${variables.list.0}"', 'a'], ['"${variables["odd key"]}"'.replaceAll('"odd key"', "'odd key'"), 'odd'],
  ['"${list[0]}-${metadata.version}"', 'a-2.4.0'], ['"$${HOME}/$x"', '${HOME}/$x'], ['"${ RELEASE_VERSION }"', '9.9.9'], ['1.20', '1.20'], ['true', 'true'],
])('the value %s comes to %s', (written, value) => {
  const context = { release: { id: 'r', version: '9.9.9', user: 'u', time: '2026-03-01T08:00:00Z', project: 'shop' } }
  expect(environmentOf(scriptWith(`{ X: ${written} }`, 'variables: { list: [a, b], "odd key": odd }\n'), {}, context)).toEqual({ X: value })
})

test('secrets and outputs stay late, parts of a text too', () => {
  const text = `${HEADER}variables: { token: { type: secret, from: "file:/run/token" } }
stages:
  - name: one
    jobs:
      - { name: build, type: script, config: { script: "true" } }
      - name: call
        type: webhook
        dependsOn: build
        config: { url: "http://h/\${jobs.build.outputs.path}", headers: { Authorization: "Bearer \${variables.token}", Key: "\${env.KEY}" }, expectedStatus: "\${jobs.build.outputs.codes}" }
`
  expect(planOf(text).stages[0]?.jobs[1]?.config).toMatchObject({
    url: { $late: ['http://h/', { ref: 'jobs.build.outputs.path' }] },
    headers: { Authorization: { $late: ['Bearer ', { secret: 'file:/run/token' }] }, Key: { $late: [{ secret: 'env:KEY' }] } },
    expectedStatus: { $late: [{ ref: 'jobs.build.outputs.codes' }] },
  })
})

test('each layer wins over the one before it, the plan between environment and release', () => {
  const names = ['project', 'environment', 'plan', 'release', 'runTime']
  const value = (from: number): Record<string, string> => Object.fromEntries(names.slice(0, from + 1).map((_, n) => [`v${n}`, '']))
  const layer = (index: number, name: string): Record<string, string> => Object.fromEntries(Object.keys(value(4)).slice(index).map((key) => [key, name]))
  const layers = { system: layer(0, 'system'), project: layer(0, 'project'), environment: layer(1, 'environment'), release: layer(3, 'release'), runTime: layer(4, 'runTime') }
  const text = scriptWith('{ a: "${v0}", b: "${v1}", c: "${v2}", d: "${v3}", e: "${v4}" }', 'variables: { v2: plan, v3: plan, v4: plan }\n')
  expect(environmentOf(text, {}, { layers })).toEqual({ a: 'project', b: 'environment', c: 'plan', d: 'release', e: 'runTime' })
})

test('a variable\'s type holds for what a higher layer gives', () => {
  const text = `${jobWith('type: webhook\nconfig: { url: "http://h", body: ["${variables.n}", "${variables.on}", "${variables.l}"] }')}variables: { n: { type: number }, on: { type: boolean, default: false }, l: { type: list, value: [] } }\n`
  const plan = planOf(text, {}, { layers: { ...LAYERS, release: { n: '5', on: 'true', l: 'a, b' } } })
  expect(plan.stages[0]?.jobs[0]?.config['body']).toEqual([5, true, ['a', 'b']])
})

test('a secret given with a release goes by reference and is handed back to be sealed', () => {
  const text = scriptWith('{ P: "${variables.password}" }', 'variables: { password: { type: secret } }\n')
  const result = compileText(text, {}, { layers: { ...LAYERS, release: { password: 'hunter2' } } })
  expect(result).toMatchObject({ valid: true, secrets: [{ name: 'password', reference: 'release:password' }] })
  expect(JSON.stringify(result)).not.toContain('hunter2')
})

test.each([
  ['{ type: secret, from: "env:P" }', { $late: [{ secret: 'env:P' }] }], ['{ type: secret, value: "encrypted:AES256:abc=" }', { $late: [{ secret: 'sealed:abc=' }] }],
  ['{ type: external, source: env, key: P }', { $late: [{ secret: 'env:P' }] }], ['{ type: template, value: "${a}/${RELEASE_ENV}" }', 'x/prod'],
  ['{ type: env_specific, values: { dev: d, prod: p } }', 'p'], ['{ type: string, default: 1.20 }', '1.20'], ['{ kind: map, type: web }', undefined],
])('a variable written %s comes to its value', (form, value) => {
  const result = compileText(scriptWith('{ X: "${variables.v}" }', `variables: { a: x, v: ${form} }\n`), {}, { environmentName: 'prod' })
  if (value === undefined) expect(result).toMatchObject({ valid: false, issues: [{ code: 'WRONG_TYPE', message: 'X is a map; it must be text' }] })
  else expect(result).toMatchObject({ valid: true, plan: { stages: [{ jobs: [{ config: { environment: { X: value } } }] }] } })
})

test('what a layer says is a value: no reference in it is filled in, but in a template', () => {
  const layers = { ...LAYERS, release: { v: '${env.ADMIN_KEY}' }, project: { t: { type: 'template', value: '${RELEASE_VERSION}!' } } }
  expect(environmentOf(scriptWith('{ V: "${v}", T: "${t}" }'), {}, { layers })).toEqual({ V: '${env.ADMIN_KEY}', T: '0.0.0!' })
})

test('a later include wins over an earlier one, a file over those it includes', () => {
  const files = { 'a.yaml': 'variables: { x: a, y: a }', 'lib/b.yaml': 'includes: [{ path: ../c.yaml }]\nvariables: { x: b, z: b }', 'c.yaml': 'variables: { z: c, w: c }' }
  expect(environmentOf(scriptWith('{ a: "${x}${y}${z}${w}" }', 'includes: [{ path: a.yaml }, { path: ./lib/b.yaml }]\n'), files)).toEqual({ a: 'babc' })
})

test('a name two includes have must be told by its folder', () => {
  const files = { 'a/x.yaml': 'v: 1', 'b/x.yaml': 'v: 2' }
  const text = (reference: string): string => scriptWith(`{ V: "${reference}" }`, 'includes: [{ path: a/x.yaml }, { path: b/x.yaml }]\n')
  expect(issuesOf(text('${includes.x.v}'), files)).toMatchObject([{ code: 'REFERENCE_NOT_FOUND', message: 'includes.x may be a/x.yaml or b/x.yaml: write includes.<folder>.<file>' }])
  expect(environmentOf(text('${includes.b.x.v}'), files)).toEqual({ V: '2' })
})

test('a script is never interpolated, and a file of the bundle stands for its text', () => {
  const text = (script: string): string => jobWith(`type: script\nconfig: { script: ${script} }`)
  expect(planOf(text('\'echo ${HOME} ${x\'')).stages[0]?.jobs[0]?.config['script']).toBe('echo ${HOME} ${x')
  expect(planOf(text('./deploy/run.sh'), { 'deploy/run.sh': 'echo ${HOME}\n' }).stages[0]?.jobs[0]?.config['script']).toBe('echo ${HOME}\n')
  expect(planOf(text('./on-the-host.sh')).stages[0]?.jobs[0]?.config['script']).toBe('./on-the-host.sh')
})

test('conditions take with them only the names they mention', () => {
  const text = `${jobWith('type: script\ncondition: variables.replicas > 1 && env.CI == "yes" && metadata.version != "" && has(variables.maybe)\nconfig: { script: "true" }')}variables: { replicas: 3, other: 1 }\n`
  expect(planOf(text, {}, { env: { CI: 'yes', SECRET: 's' }, envComplete: true }).scope).toEqual({ variables: { replicas: 3 }, metadata: { version: '2.4.0' }, env: { CI: 'yes' }, includes: {} })
})

test('a name of env that is not given is no issue before a release starts', () => {
  const text = scriptWith('{ A: "${env.NOT_YET}" }')
  expect(issuesOf(text)).toEqual([])
  expect(issuesOf(text, {}, { envComplete: true })).toMatchObject([{ code: 'ENV_MISSING' }])
})

test.each([
  ['retries: 3', { attempts: 4, intervalMs: 10_000, backoff: 2, maxIntervalMs: 300_000 }], ['retry: 2\nretry_delay: 5', { attempts: 3, intervalMs: 5000, backoff: 1, maxIntervalMs: 300_000 }],
  ['retry: { attempts: 5, interval: 10m }', { attempts: 5, intervalMs: 600_000, backoff: 2, maxIntervalMs: 600_000 }], ['description: once', { attempts: 1, intervalMs: 10_000, backoff: 2, maxIntervalMs: 300_000 }],
])('%s means this retry', (lines, retry) => {
  expect(planOf(jobWith(`type: script\n${lines}\nconfig: { script: "true" }`)).stages[0]?.jobs[0]?.retry).toEqual(retry)
})

test('approval that names nobody is anyone\'s with the role, for three days', () => {
  const plan = planOf(`${HEADER}stages: [{ name: one, requireApproval: true, jobs: null }]\n`)
  expect(plan.stages[0]).toMatchObject({ jobs: [], approval: { approvers: [], groups: [], quorum: 1, expiresMs: 259_200_000, allowAuthor: false, doors: null } })
})

test('a stage keeps of dependsOn what is not done before it starts', () => {
  const plan = planOf(`${HEADER}stages:
  - { name: one, jobs: [{ name: a, type: wait, config: { duration: 5 } }] }
  - { name: two, jobs: [{ name: b, type: wait, config: { duration: 5 }, dependsOn: [a] }, { name: c, type: wait, config: { duration: 5 }, depends_on: [a, b] }] }
`)
  expect(plan.stages[1]?.jobs.map(({ dependsOn }) => dependsOn)).toEqual([[], ['b']])
})

test('a rollback job reads outputs of the release\'s own jobs', () => {
  const plan = planOf(`${jobWith('type: script\nconfig: { script: "true" }')}rollback: { stages: [{ name: one, jobs: [{ name: smoke, type: script, config: { script: "true", workDir: "\${jobs.smoke.outputs.dir}" } }] }] }\n`
    .replace('jobs: [{ name: smoke', 'jobs: [{ name: clean'))
  expect(plan.rollback[0]).toMatchObject({ phase: 'rollback', jobs: [{ name: 'clean', config: { workDir: { $late: [{ ref: 'jobs.smoke.outputs.dir' }] } } }] })
})

test('the plan\'s channels and templates are written out in the jobs that name them', () => {
  const plan = planOf(`${jobWith('type: notify\nconfig: { channels: [slack, email, pager], template: started }')}notifications:
  channels:
    slack: { webhook: "\${env.SLACK}" }
    email: { smtp_host: smtp.example.com, smtp_port: 25, from: deploy@example.com }
  templates: { started: "\${PROJECT_NAME} starts, \${DURATION}" }
`)
  expect(plan.stages[0]?.jobs[0]?.config).toMatchObject({
    channels: [{ type: 'slack', url: { $late: [{ secret: 'env:SLACK' }] } }, { type: 'email', host: 'smtp.example.com', port: 25, secure: false, from: 'deploy@example.com' }, 'pager'],
    template: '${PROJECT_NAME} starts, ${DURATION}',
  })
})

test('spec 2 §7.1: a release window in its own spelling', () => {
  const plan = planOf(`${HEADER}stages: []
release_window:
  enabled: true
  timezone: "Asia/Shanghai"
  allowed_windows: [{ days: [1, 2], start_time: "10:00", end_time: "12:00" }]
  blackout_dates: ["2024-02-09"]
  emergency_users: ["oncall"]
`)
  expect(plan.window).toEqual({ timezone: 'Asia/Shanghai', allowed: [{ days: [1, 2], start: '10:00', end: '12:00' }], blackoutDates: ['2024-02-09'], emergencyUsers: ['oncall'] })
})

test('snake_case stays as it is in free maps', () => {
  expect(environmentOf(scriptWith('{ work_dir: a, on_error: b }'))).toEqual({ work_dir: 'a', on_error: 'b' })
})

test('blue_green is blue-green', () => {
  const plan = planOf(jobWith('type: rollout\nconfig:\n  service: shop\n  deploy: { type: process, command: run }\n  route: { name: shop }\n  strategy: { type: blue_green, keep_old: 60 }'))
  expect(plan.stages[0]?.jobs[0]?.config['strategy']).toMatchObject({ type: 'blue-green', keepOld: '60s' })
})

test('references that double a text at every step stop at the limit', () => {
  const variables = Array.from({ length: 18 }, (_, n) => `  v${n}: "${n === 0 ? 'x'.repeat(100) : `\${v${n - 1}}\${v${n - 1}}`}"`).join('\n')
  expect(issuesOf(`${HEADER}stages: []\nvariables:\n${variables}\n`)).toMatchObject([{ code: 'TOO_LARGE', message: /^references grow the plan past/u }])
})

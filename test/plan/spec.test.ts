import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compilePlan } from '../../plan/compile.js'
import { placeholderContext } from '../../plan/context.js'
import { filesOf } from './bundle.js'
import { compileText, issuesOf, planOf } from './compiling.js'

const SPEC_7_1 = readFileSync(new URL('spec-7-1.yaml', import.meta.url), 'utf8')

test('spec 0 §7.1 compiles as it is written', () => {
  expect(issuesOf(SPEC_7_1)).toEqual([])
  const plan = planOf(SPEC_7_1)
  expect(plan.stages.map(({ name, jobs, approval }) => ({ name, jobs: jobs.map(({ kind }) => kind), approvers: approval?.approvers }))).toEqual([
    { name: 'preparation', jobs: ['confluence-doc', 'notification'], approvers: undefined },
    { name: 'deployment', jobs: ['gateway', 'kubernetes'], approvers: ['lead@example.com', 'manager@example.com'] },
    { name: 'validation', jobs: ['test-runner', 'analysis'], approvers: undefined },
  ])
  expect(plan.rollback).toMatchObject([{ name: 'revert-deployment', jobs: [
    { kind: 'kubernetes', config: { namespace: 'production', manifests: './k8s/payment-service-previous/' } },
    { kind: 'gateway', config: { gateway: 'apisix', serviceId: 'payment-service', restore: true } },
  ] }])
  expect(plan.stages[1]?.jobs[0]?.config).toMatchObject({ gateway: 'apisix', serviceId: 'payment-service', apiEndpoint: 'https://apisix-admin.example.com', strategy: { type: 'canary', phases: [{ percentage: 5 }, { percentage: 20 }, { percentage: 50 }, { percentage: 100 }] } })
  expect(plan.stages[1]?.jobs[1]?.config).toMatchObject({ namespace: 'production', manifests: './k8s/payment-service/', valuesFile: './k8s/values-production.yaml', wait: true })
  expect(plan.stages[0]?.jobs[1]?.config).toMatchObject({ channels: ['slack', 'email'], recipients: ['platform-team', 'product-team'], template: 'pre-release-notification' })
})

test('spec 0 §4.2.1: includes by folder and file, by file name, and their variables', () => {
  const plan = planOf(`apiVersion: "devops.release/v1"
kind: "ReleasePlan"
metadata: { name: "service-x-release-v1.2.3", owner: "platform-team@example.com", version: "1.2.3" }
includes:
  - path: "./common/variables.yaml"
  - path: "./common/notifications.yaml"
  - path: "./environments/production.yaml"
  - path: "./strategies/canary.yaml"
variables: { releaseVersion: "1.2.3", approvers: ["lead@example.com"] }
stages:
  - name: "deployment"
    requireApproval: true
    approvers: \${variables.approvers}
    jobs:
      - name: "configure-routes"
        type: "apisix-gateway"
        config:
          strategy: \${includes.strategies.canary}
          serviceId: "payment-service"
          candidate: { url: "\${variables.candidate}" }
  - name: "post-release"
    jobs:
      - { name: "health-check", type: "validation", config: { endpoints: [{ url: "https://\${includes.production.host}/health", expectedStatus: 200 }] } }
      - { name: "notify-stakeholders", type: "notification", dependsOn: ["health-check"], config: "\${includes.notifications.release-complete}" }
`, {
    'common/variables.yaml': 'variables: { candidate: "http://10.0.0.2:8080", releaseVersion: old }\n',
    'common/notifications.yaml': 'release-complete: { channels: [email], message: "Release ${variables.releaseVersion}" }\n',
    'environments/production.yaml': 'kind: production\nhost: api.example.com\n',
    'strategies/canary.yaml': 'type: canary\nphases: [{ percentage: 100 }]\n',
  })
  const [routes, health, notify] = plan.stages.flatMap(({ jobs }) => jobs)
  expect(routes?.config).toMatchObject({ serviceId: 'payment-service', candidate: { url: 'http://10.0.0.2:8080' }, strategy: { type: 'canary', phases: [{ percentage: 100 }] } })
  expect(health?.config).toMatchObject({ endpoints: [{ url: 'https://api.example.com/health' }] })
  expect(notify).toMatchObject({ dependsOn: ['health-check'], config: { channels: ['email'], message: 'Release 1.2.3' } })
})

const PIPELINE = (tasks: string): string => `pipeline:
  name: "标准发布流程"
  pre_release:
    - name: "健康检查"
      type: health_check
      config:
        type: http
        url: "http://localhost:\${APP_PORT}/health"
        timeout: 10
${tasks}
    - name: "运行测试"
      type: script
      config:
        script: "./run_tests.sh"
        timeout: 300
  post_release:
    - name: "健康验证"
      type: health_check
      config:
        type: http
        url: "http://localhost:\${APP_PORT}/health"
        retry: 3
        interval: 10
    - name: "发送通知"
      type: notify
      config:
        channels: ["dingtalk", "email"]
`
const layers = { system: {}, project: { APP_PORT: '8080' }, environment: {}, release: {}, runTime: {} }

test('spec 2 §3.3: a pipeline becomes stages whose tasks go one after the other', () => {
  const plan = planOf(PIPELINE(''), { 'run_tests.sh': 'make test\n' }, { layers })
  expect(plan.name).toBe('标准发布流程')
  expect(plan.stages.map(({ name, phase, parallel }) => ({ name, phase, parallel }))).toEqual([
    { name: 'pre_release', phase: 'pre_release', parallel: false }, { name: 'post_release', phase: 'post_release', parallel: false },
  ])
  const [healthy, tests, after, say] = plan.stages.flatMap(({ jobs }) => jobs)
  expect(healthy?.config).toMatchObject({ type: 'http', url: 'http://localhost:8080/health', timeout: '10s' })
  expect(tests).toMatchObject({ kind: 'script', timeoutMs: 300_000, config: { script: 'make test\n' }, variables: { APP_PORT: '8080' } })
  expect(after?.config).toMatchObject({ retry: 3, interval: '10s' })
  expect(say).toMatchObject({ kind: 'notification', config: { channels: ['dingtalk', 'email'] } })
})

test('spec 2 §3.3 as it is written, with §3.2.1\'s deploy: every task has its kind', () => {
  const text = readFileSync(new URL('spec-3-3.yaml', import.meta.url), 'utf8') + readFileSync(new URL('spec-3-2-1.yaml', import.meta.url), 'utf8')
  const project = { ...layers.project, APP_USER: 'app', BACKUP_DIR: '/data/backup' }
  const jobs = planOf(text, { 'run_tests.sh': 'make test\n' }, { layers: { ...layers, project } }).stages.flatMap((stage) => stage.jobs)
  expect(jobs.map(({ kind }) => kind)).toEqual(['validation', 'backup', 'script', 'stop_service', 'script', 'start_service', 'validation', 'cleanup', 'notification'])
  expect(jobs[1]?.config).toMatchObject({ backupType: 'full', retention: 5, path: '/opt/apps/project' })
  expect(jobs[3]?.config).toMatchObject({ gracefulTimeout: '30s', type: 'systemd' })
  expect(jobs[5]?.config).toMatchObject({ waitReady: true, readyTimeout: '60s' })
  expect(jobs[7]?.config).toMatchObject({ keepVersions: 3 })
})

test('a task of a kind this build lacks is an issue of its own', () => {
  const result = compileText(PIPELINE('    - { name: "迁移", type: db_migrate, config: {} }'), {}, { layers })
  expect(result).toMatchObject({ valid: false, issues: [{ code: 'UNKNOWN_KIND', path: 'pipeline.pre_release[1].type', line: 10, column: 27 }] })
})

test.each(['canary.yaml', 'scripts.yaml', 'pipeline.yaml', 'containers.yaml', 'fleet.yaml'])('the example plan %s compiles without a warning', (entry) => {
  const result = compilePlan({ entry, files: filesOf(new URL('../../examples/plans/', import.meta.url)) }, placeholderContext())
  expect(result).toMatchObject({ valid: true, warnings: [] })
})

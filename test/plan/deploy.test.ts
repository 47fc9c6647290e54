import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { HEADER, issuesOf, planOf } from './compiling.js'

const EXAMPLE = readFileSync(new URL('spec-3-2-1.yaml', import.meta.url), 'utf8')
const layers = { system: {}, project: { APP_PORT: 8080, APP_USER: 'root', BACKUP_DIR: '/data/backup' }, environment: {}, release: {}, runTime: {} }
const DEPLOY = 'deploy: { type: script, config: { install_script: "echo i", update_script: "echo u", rollback_script: "echo r", work_dir: /opt } }\n'
const stage = (jobs: string): string => `stages: [{ name: ship, jobs: [${jobs}] }]\n`

test('spec 2 §3.2.1: a deploy job is a script job with the plan\'s four scripts, their times and the environment filled in', () => {
  const [job] = planOf(`${EXAMPLE}pipeline: { release: [{ name: "部署新版本", type: deploy }] }\n`, {}, { layers, environmentName: 'prod' }).stages.flatMap(({ jobs }) => jobs)
  expect(job).toMatchObject({ name: '部署新版本', kind: 'script', hasSnapshot: true, hasUndo: true, timeoutMs: 660_000 })
  expect(job?.config).toMatchObject({
    workDir: '/opt/apps/project', interpreter: '/bin/bash', timeouts: { install: '600s', update: '300s', rollback: '180s', uninstall: '120s' },
    environment: { APP_NAME: 'project', APP_VERSION: '0.0.0', APP_ENV: 'prod', APP_PORT: '8080', BACKUP_DIR: '/data/backup' },
  })
  expect(job?.config['updateScript']).toContain('mkdir -p ${BACKUP_PATH}')
})

test('a job may say for itself how it deploys, and go over what the plan says', () => {
  const jobs = '{ name: a, type: deploy, config: { operation: install, version: "7" } }, { name: b, type: deploy, config: { type: script, config: { script: ./x.sh } } }'
  const [a, b] = planOf(`${HEADER}${DEPLOY}${stage(jobs)}`, { 'x.sh': 'echo x\n' }).stages[0]?.jobs ?? []
  expect(a).toMatchObject({ kind: 'script', config: { operation: 'install', version: '7', installScript: 'echo i', workDir: '/opt' } })
  expect(b).toMatchObject({ kind: 'script', hasSnapshot: false, config: { script: 'echo x\n' } })
})

test('spec 2 §3.4: a rollback job is the deploy\'s kind with operation rollback', () => {
  const [job] = planOf(`${HEADER}${DEPLOY}${stage('{ name: back, type: rollback, config: { target_version: 1.2.0, skip_checks: true } }')}`).stages[0]?.jobs ?? []
  expect(job).toMatchObject({ kind: 'script', hasUndo: false, timeoutMs: 240_000, config: { operation: 'rollback', version: '1.2.0', skipChecks: true, rollbackScript: 'echo r' } })
})

test.each([
  ['no deploy in the plan', '', 'deploy', '', ['MISSING_KEY a deploy job needs to know how']],
  ['no type in it', 'deploy: { config: {} }\n', 'deploy', '', ['MISSING_KEY a deploy job needs to know how']],
  ['a kind there is not', 'deploy: { type: scirpt }\n', 'deploy', '', ['UNKNOWN_KIND this build has no job kind "scirpt"']],
  ['another key in it', 'deploy: { type: script, config: { script: x }, when: now }\n', 'deploy', '', ['UNKNOWN_KEY when is not known here; allowed: type, config']],
  ['a deploy that is no map', 'deploy: script\n', 'deploy', '', ['WRONG_TYPE deploy is "script"; it must be a map']],
  ['a key the kind does not know', DEPLOY, 'deploy', 'instal_script: x', ['UNKNOWN_KEY instal_script is not known here']],
  ['a kind that has no rollback', 'deploy: { type: webhook, config: { url: "http://a" } }\n', 'rollback', '', ['NOT_IN_THIS_BUILD rollback jobs of what is deployed by webhook are not in this build']],
  ['a rollback without its script', 'deploy: { type: script, config: { install_script: x } }\n', 'rollback', '', ['CONFIG_INVALID operation rollback needs rollback_script']],
])('%s is an issue', (_, deploy, type, config, expected) => {
  const issues = issuesOf(`${HEADER}${deploy}${stage(`{ name: a, type: ${type}, config: { ${config} } }`)}`)
  expect(issues.map(({ code, message }) => `${code} ${message}`)).toEqual(expected.map((text) => expect.stringContaining(text) as string))
})

test.each([
  ['nothing to run', '{}', 'needs script, or install_script and update_script'],
  ['a script and operations', '{ script: x, update_script: y }', 'script stands alone'],
  ['an operation without its script', '{ operation: update, install_script: x }', 'operation update needs update_script'],
])('a script job with %s is an issue', (_, config, message) => {
  expect(issuesOf(`${HEADER}${stage(`{ name: a, type: script, config: ${config} }`)}`)).toMatchObject([{ code: 'CONFIG_INVALID', message: expect.stringContaining(message) as string }])
})

test('jobs after a gitpull that certainly ran know its commit; the plan\'s own variables of those names stay', () => {
  const plan = planOf(`${HEADER}variables: { GIT_TAG: mine }
stages:
  - name: pull
    jobs:
      - { name: code, type: gitpull, config: { repository: "https://x/y.git", path: /srv/app } }
      - { name: check, type: script, dependsOn: [code], config: { script: x } }
      - { name: beside, type: script, config: { script: x } }
      - { name: maybe, type: gitpull, condition: "false", config: { repository: "https://x/z.git", path: /srv/other } }
  - name: later
    jobs: [{ name: tell, type: script, config: { script: x } }, { name: pause, type: wait, config: { duration: 1s } }]
`)
  const [, check, beside, , tell, pause] = plan.stages.flatMap(({ jobs }) => jobs)
  const facts = { GIT_COMMIT: { $late: [{ ref: 'jobs.code.outputs.commit' }] }, GIT_TAG: 'mine' }
  expect(check?.variables).toMatchObject(facts)
  expect(tell?.variables).toMatchObject(facts)
  expect(beside?.variables).toEqual({ GIT_TAG: 'mine' })
  expect(pause?.variables).toEqual({})
})

test('what a gitpull job brought on each target is known to that target\'s jobs, and to no later stage', () => {
  const pull = (name: string) => `{ name: ${name}, type: gitpull, config: { repository: "https://x/y.git", path: /srv/app } }`
  const plan = planOf(`${HEADER}stages:
  - { name: first, jobs: [${pull('once')}] }
  - { name: roll, targets: { all: true }, jobs: [${pull('each')}, { name: restart, type: script, dependsOn: [each], config: { script: x } }] }
  - { name: later, jobs: [{ name: tell, type: script, config: { script: x } }] }
`)
  const commitOf = (job: string) => ({ GIT_COMMIT: { $late: [{ ref: `jobs.${job}.outputs.commit` }] } })
  expect(plan.stages[1]?.jobs[1]?.variables).toMatchObject(commitOf('each'))
  expect(plan.stages[2]?.jobs[0]?.variables).toMatchObject(commitOf('once'))
})

test('a gitpull job with a branch and a tag is an issue', () => {
  expect(issuesOf(`${HEADER}${stage('{ name: a, type: gitpull, config: { repository: /r, path: /p, branch: b, tag: t } }')}`)).toMatchObject([{ code: 'CONFIG_INVALID', message: 'one of branch, tag and commit' }])
})

test('backup and cleanup are about the folder of the plan\'s deploy, unless they name one', () => {
  const jobs = '{ name: a, type: backup }, { name: b, type: cleanup, config: { keep_versions: 3 } }, { name: c, type: backup, config: { path: /etc/shop } }'
  const configs = planOf(`${HEADER}${DEPLOY}${stage(jobs)}`).stages[0]?.jobs.map(({ config }) => config)
  expect(configs).toMatchObject([{ path: '/opt', backupType: 'full', retention: 5 }, { path: '/opt', keepVersions: 3 }, { path: '/etc/shop' }])
})

test.each([
  ['start_service', '{ type: process }', 'type process needs command'],
  ['start_service', '{ type: command, stopCommand: x }', 'type command needs startCommand'],
  ['stop_service', '{ type: process, force_kill: false }', 'forceKill false is for systemd'],
  ['start_service', '{ ready: { type: tcp } }', 'type tcp needs port'],
  ['backup', '{ path: /a, paths: [/b] }', 'path or paths, not both'],
])('%s with %s is an issue', (type, config, message) => {
  expect(issuesOf(`${HEADER}${stage(`{ name: a, type: ${type}, config: ${config} }`)}`)).toMatchObject([{ code: 'CONFIG_INVALID', message: expect.stringContaining(message) as string }])
})

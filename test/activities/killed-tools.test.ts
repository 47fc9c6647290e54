import { realpathSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JobCall } from '../../activities/contract.js'
import type { JsonObject } from '../../domain/json.js'
import { isAlive, textOf } from '../contract/hosts.js'
import { workerOn, type WorkerOn } from '../support/killed-worker.js'
import { withTools } from '../support/tools.js'
import { actsOf, endsInOneOfTwoStates, type Part, type Scene } from '../support/two-states.js'
import { INSTALL_TIMEOUT_MS } from '../testbed/component.js'
import { callOf } from './kind-world.js'
import { standInSystemctl } from './stand-in-systemctl.js'

// A worker of its own that is killed with SIGKILL, inside a job and inside its undo, on this machine: real OpenTofu and Ansible.
let PATH = ''
let python = ''
beforeAll(async () => {
  PATH = await withTools('tools', 'ansible', 'tofu')
  python = join(dirname(realpathSync(join(PATH.split(':')[0] ?? '', 'ansible-playbook'))), 'python')
}, INSTALL_TIMEOUT_MS)

const folder = async (): Promise<string> => mkdtemp(join(tmpdir(), 'releasectl-killed-'))
const lines = async (file: string): Promise<number> => (await textOf(file)).split('\n').length - 1

/** What is held up writes to `mark` and waits until `mark.<part>` is there. */
async function gate(): Promise<{ mark: string } & Required<Pick<Scene, 'hold' | 'release' | 'ran' | 'seen'>>> {
  const mark = join(await folder(), 'mark')
  for (const part of ['act', 'undo']) await writeFile(`${mark}.${part}`, '')
  return {
    mark,
    hold: async (part) => { await rm(`${mark}.${part}`); await writeFile(mark, '') },
    release: async (part) => { await writeFile(`${mark}.${part}`, '') },
    ran: async () => lines(mark), seen: async () => await lines(mark) > 0,
  }
}
const waits = (mark: string, part: string): string => `echo run >> ${mark}; until [ -e ${mark}.${part} ]; do sleep 0.05; done`
const execute = async (on: WorkerOn, call: JobCall): Promise<unknown> => (await workerOn(on)).run({ activity: `${call.kind}.execute`, input: call })

async function terraform(): Promise<Scene> {
  const { mark, ...held } = await gate()
  const workDir = await folder()
  const resource = `variable "size" { type = string }\nresource "terraform_data" "disk" {\n  input = var.size\n  triggers_replace = var.size\n  provisioner "local-exec" { command = "${waits(mark, '${self.input}')}" }\n}\nresource "terraform_data" "server" {\n  input = var.size\n  depends_on = [terraform_data.disk]\n}\n`
  const on: WorkerOn = { home: await folder(), files: { 'infra/main.tf': resource } }
  const job = (size: Part): JobCall => callOf('terraform', { source: './infra', workDir, tool: 'tofu', variables: { size }, varFiles: [], backendConfig: {}, lockTimeout: '0s', environment: { PATH }, rollback: 'previous' })
  await execute(on, job('undo')) // what the undo goes back to is what waits for it
  const state = async (): Promise<unknown> => {
    const { resources } = JSON.parse(await readFile(join(workDir, 'terraform.tfstate'), 'utf8')) as { resources: { name: string; instances: { attributes: { input: { value: string } } }[] }[] }
    return Object.fromEntries(resources.map(({ name, instances }) => [name, instances.map(({ attributes }) => attributes.input.value)]))
  }
  return { ...await actsOf(on, job('act')), ...held, state, after: { disk: ['act'], server: ['act'] } }
}

async function ansible(): Promise<Scene> {
  const { mark, ...held } = await gate()
  const place = await folder()
  await writeFile(join(place, 'version'), 'one\n')
  const play = (version: string, part: string): string => `- hosts: all\n  gather_facts: false\n  tasks:\n    - ansible.builtin.copy: { dest: ${place}/version, content: half }\n    - ansible.builtin.shell: "${waits(mark, part)}"\n    - ansible.builtin.copy: { dest: ${place}/version, content: "${version}\\n" }\n`
  const on: WorkerOn = { home: await folder(), files: { 'site.yml': play('two', 'act'), 'back.yml': play('one', 'undo') } }
  const call = callOf('ansible', { playbook: './site.yml', rollbackPlaybook: './back.yml', inventory: 'web-1 ansible_connection=local\n', become: false, forks: 1, variables: {}, environment: { PATH, ANSIBLE_PYTHON_INTERPRETER: python } })
  return { ...await actsOf(on, call), ...held, state: async () => textOf(join(place, 'version')), after: 'two\n' }
}

async function testRunner(): Promise<Scene> {
  const { mark, ...held } = await gate()
  const on: WorkerOn = { home: await folder() }
  return { ...await actsOf(on, callOf('test-runner', { interpreter: '/bin/bash', showFailures: 10, command: `${waits(mark, 'act')}; echo 1..1; echo ok 1` }), false), ...held, state: async () => textOf(mark), after: 'run\n' }
}

/** Files that name services which outlive their worker, as they should. */
const started: string[] = []
afterAll(async () => { for (const file of started) try { process.kill(Number(await textOf(file)) || NaN, 'SIGKILL') } catch { /* it has ended */ } })

/** Removed are so many, that it takes its time. */
async function cleanup(): Promise<Scene> {
  const path = await folder()
  const versions = join(path, 'releases')
  for (let n = 100; n < 400; n += 1) { await mkdir(join(versions, `v${n}`, 'deep', 'er'), { recursive: true }) }
  const on: WorkerOn = { home: await folder() }
  const call = callOf('cleanup', { path, keepVersions: 3, cleanBackups: false, keepBackups: 5, backupDir: await folder(), stateDir: await folder() })
  const left = async (): Promise<number> => (await readdir(versions)).length
  return { ...await actsOf(on, call, false), state: left, after: 3, seen: async () => await left() < 300 }
}

const service = (kind: 'start_service' | 'stop_service', type: 'systemd' | 'process' | 'command') => async (): Promise<Scene> => {
  const systemctl = await standInSystemctl()
  const { folder: place } = systemctl
  started.push(join(place, 'shop.pid'))
  const slow = `bash -c 'trap "sleep 0.4; exit" TERM; while :; do sleep 0.1; done'`
  await systemctl.unit('shop', slow)
  const on: WorkerOn = { home: await folder() }
  const go = join(place, 'go') // a process starts at once: what is waited for is that it is ready
  await writeFile(go, '')
  const ready = { waitReady: true, readyTimeout: '60s', ready: { type: 'command', command: `[ -e ${go} ]`, expectedStatus: 200, host: '127.0.0.1' } }
  const own: JsonObject = type === 'systemd' ? {} : type === 'process' ? { ...ready, command: ['/bin/bash', '-c', `echo $$ > ${place}/shop.pid; echo "start " >> ${place}/calls; trap "echo 'stop ' >> ${place}/calls; sleep 0.4; exit" TERM; while :; do sleep 0.1; done`] }
    : { startCommand: `systemctl start shop`, stopCommand: `systemctl stop shop; while kill -0 $(cat ${place}/shop.pid); do sleep 0.1; done`, statusCommand: '[ "$(systemctl show --property ActiveState shop)" = ActiveState=active ]' }
  const job = (which: typeof kind): JobCall => callOf(which, { type, environment: { PATH: systemctl.PATH }, port: 0, gracefulTimeout: '5s', forceKill: true, waitReady: false, readyTimeout: '3s', service: 'shop', ...own })
  if (kind === 'stop_service') await execute(on, job('start_service'))
  const runs = async (): Promise<string> => { const pid = Number(await textOf(join(place, 'shop.pid'))); return pid > 0 && await isAlive(pid) ? 'running' : 'stopped' }
  const word = (part: Part): string => (kind === 'start_service') === (part === 'act') ? 'start ' : 'stop '
  const told = async (part: Part): Promise<number> => (await textOf(join(place, 'calls'))).split('\n').filter((line) => line.startsWith(word(part))).length
  return {
    ...await actsOf(on, job(kind)), state: runs, after: kind === 'start_service' ? 'running' : 'stopped',
    hold: async (part) => { await writeFile(join(place, 'calls'), ''); if (word(part) === 'start ') await rm(go) }, release: async () => writeFile(go, ''), seen: async (part) => await told(part) > 0, ...type !== 'process' && { ran: told }, // a process may be told twice to end
  }
}

test.each([
  ['a terraform apply', terraform, 2], ['an Ansible play', ansible, 2], ['a test run', testRunner, 1], ['a clean-up', cleanup, 1],
  ['the start of a unit', service('start_service', 'systemd'), 2], ['the stop of a unit', service('stop_service', 'systemd'), 2],
  ['the start of a process', service('start_service', 'process'), 2], ['the stop of a process', service('stop_service', 'process'), 2],
  ['the start by a command', service('start_service', 'command'), 2], ['the stop by a command', service('stop_service', 'command'), 2],
])('a worker killed inside %s or its undo: the next one ends it, in one of two states', { timeout: 300_000 }, async (_what, make, killed) => {
  expect(await endsInOneOfTwoStates(make)).toBe(killed)
})

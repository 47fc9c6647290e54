import { realpathSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { JobCall } from '../../activities/contract.js'
import type { JsonObject } from '../../domain/json.js'
import { textOf, until } from '../contract/hosts.js'
import { openCluster, sharedCluster } from '../support/cluster.js'
import { sshHosts } from '../support/ssh-hosts.js'
import { withTools } from '../support/tools.js'
import { ToxicLine } from '../support/toxic-line.js'
import { INSTALL_TIMEOUT_MS } from '../testbed/component.js'
import { startHttpTarget } from '../testbed/http-target.js'
import { CHART } from './helm-chart.js'
import { callOf, kindWorld, SECRETS } from './kind-world.js'

// Real Helm, Ansible and OpenTofu, with a line to their far side that is spoilt while they work. As workflows do, each is tried again while it is nobody's fault.
const FAULTS: [string, (line: ToxicLine) => Promise<void>][] = [
  ['is cut', (line) => line.cut()],
  ['is reset', (line) => line.spoil('reset_peer', { timeout: 0 })],
  ['ends half-way', (line) => line.spoil('limit_data', { bytes: 2000 }, 'downstream')],
  ['is silent, then cut', (line) => line.spoil('timeout', { timeout: 1000 })],
  ['is slow', (line) => line.spoil('latency', { latency: 200, jitter: 100 })],
]
let [helm, ansible, tofu, python, kubeconfigFile] = ['', '', '', '', '']
beforeAll(async () => {
  kubeconfigFile = await sharedCluster()
  helm = await withTools('kubernetes')
  ansible = await withTools('tools', 'ansible')
  tofu = await withTools('tools', 'tofu')
  python = join(dirname(realpathSync(join(ansible.split(':')[0] ?? '', 'ansible-playbook'))), 'python')
}, INSTALL_TIMEOUT_MS)

const folder = async (): Promise<string> => mkdtemp(join(tmpdir(), 'releasectl-faults-'))
type World = Awaited<ReturnType<typeof kindWorld>>
type Environment = ReturnType<World['environment']>

/** Tried until it ends well; the line is whole again after the first try that did not. */
async function asWorkflow(world: World, line: ToxicLine, spoilt: Promise<void>, run: (environment: Environment) => Promise<unknown>): Promise<void> {
  let details: unknown = null
  for (let attempt = 1; ; attempt += 1) {
    const environment = world.environment({ activityId: '7', attempt, startToCloseTimeoutMs: 120_000, ...details !== null && { heartbeatDetails: details } })
    environment.on('heartbeat', (given: unknown) => { details = given })
    try { await run(environment); break } catch (error) {
      expect(error).toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false })
      expect(attempt).toBeLessThan(5)
    }
    await spoilt
    await line.mend()
  }
  await spoilt
  await line.mend()
}

interface Scene { world: World; line: ToxicLine; call: JobCall; /** The target by its own word. */ state: () => Promise<unknown>; after: unknown; /** It is at work. */ begun: () => Promise<boolean>; /** It may end. */ go?: (part: 'act' | 'undo') => Promise<unknown> }

async function endsRight({ world, line, call, state, after, begun, go = async () => undefined }: Scene, spoil: (line: ToxicLine) => Promise<void>): Promise<void> {
  const before = await state()
  const snapshot = await world.snapshot(call)
  const during = async (part: 'act' | 'undo'): Promise<void> => { await until(begun); await spoil(line); await go(part) }
  await asWorkflow(world, line, during('act'), async (environment) => world.execute(call, environment))
  expect(await state()).toEqual(after)
  await asWorkflow(world, line, during('undo'), async (environment) => world.rollback({ call, snapshot }, environment))
  expect(await state()).toEqual(before)
}

let nth = 0
test.concurrent.each(FAULTS)('a line to the cluster that %s while Helm upgrades or goes back: the next try ends it', { timeout: 240_000 }, async (_what, spoil) => {
  const kubeconfig = await readFile(kubeconfigFile, 'utf8')
  const line = await ToxicLine.to(/127\.0\.0\.1:\d+/.exec(kubeconfig)?.[0] ?? '')
  const secret = `env:SPOILT_${line.port}`
  SECRETS[secret] = kubeconfig.replace(/127\.0\.0\.1:\d+/, `127.0.0.1:${line.port}`)
  const [cluster, release] = [openCluster(kubeconfigFile), `spoilt-${process.pid}-${nth += 1}`]
  const world = await kindWorld({}, { files: CHART })
  const job = (values: JsonObject): JobCall => callOf('helm', {
    release, chart: './chart', namespace: 'default', createNamespace: false, values, valuesFiles: [], wait: true, waitFor: '20s', stuckAfter: '10m', cluster: { kubeconfig: { $late: [{ secret }] } }, environment: { PATH: helm },
  })
  await world.execute(job({}))
  const revisions = async (): Promise<{ version: number; status: string }[]> => (await cluster.list({ apiVersion: 'v1', kind: 'Secret' }, { namespace: 'default', labels: `owner=helm,name=${release}` })).map(({ metadata: { labels = {} } }) => ({ version: Number(labels['version']), status: labels['status'] ?? '' })).sort((a, b) => a.version - b.version)
  let seen = 1
  await endsRight({
    world, line, call: job({ greeting: 'new', tag: '2' }), after: { greeting: 'new', status: 'deployed' },
    state: async () => { seen = (await revisions()).length; return { greeting: ((await cluster.get({ apiVersion: 'v1', kind: 'ConfigMap', name: `${release}-text`, namespace: 'default' }))?.['data'] as { greeting?: string }).greeting, status: (await revisions()).at(-1)?.status } },
    begun: async () => (await revisions()).length > seen,
  }, spoil)
})

test.concurrent.each(FAULTS)('a line to a host that %s while Ansible works on it: the next try runs the playbook again', { timeout: 240_000 }, async (_what, spoil) => {
  const { here: { host, port, user, key = '' } } = await sshHosts()
  const [line, place] = [await ToxicLine.to(`${host}:${port}`), await folder()]
  await writeFile(join(place, 'key'), `${key}\n`, { mode: 0o600 })
  await writeFile(join(place, 'version'), 'one')
  const play = (version: string, part: string): string => `- hosts: all\n  gather_facts: false\n  tasks:\n    - ansible.builtin.shell: "echo ${part} >> ${place}/log; n=0; until [ -e ${place}/go.${part} ] || [ $n -ge 60 ]; do n=$((n + 1)); sleep 0.1; done"\n    - ansible.builtin.copy: { dest: ${place}/version, content: ${version} }\n`
  const world = await kindWorld({}, { files: { 'site.yml': play('two', 'act'), 'back.yml': play('one', 'undo') } })
  let seen = 0
  const lines = async (): Promise<number> => (await textOf(join(place, 'log'))).split('\n').length
  await endsRight({
    world, line, after: 'two', state: async () => { seen = await lines(); return textOf(join(place, 'version')) }, begun: async () => await lines() > seen, go: (part) => writeFile(join(place, `go.${part}`), ''),
    call: callOf('ansible', {
      playbook: './site.yml', rollbackPlaybook: './back.yml', become: false, forks: 1, variables: {}, environment: { PATH: ansible, ANSIBLE_PYTHON_INTERPRETER: python, ANSIBLE_SSH_RETRIES: '0' },
      inventory: `web-1 ansible_host=127.0.0.1 ansible_port=${line.port} ansible_user=${user} ansible_ssh_private_key_file=${place}/key ansible_ssh_common_args='-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ControlMaster=no'\n`,
    }),
  }, spoil)
})

/** A state kept over HTTP, as https://opentofu.org/docs/language/settings/backends/http/ says; a double, for want of a server that does nothing else. */
async function stateServer(): Promise<{ url: string; state: () => string; stop: () => Promise<void> }> {
  let [state, lock] = ['', '']
  const server = await startHttpTarget(({ method, body }) => {
    switch (method) {
      case 'GET': return state === '' ? { status: 404 } : { body: state }
      case 'POST': state = body; return { status: 200 }
      case 'LOCK': if (lock !== '') return { status: 423, body: lock }; lock = body; return { status: 200 }
      default: lock = ''; return { status: 200 }
    }
  })
  return { ...server, state: () => state }
}

test.concurrent.each(FAULTS)('a line to its state that %s while OpenTofu reads it: the next try ends it', async (_what, spoil) => {
  const server = await stateServer()
  const [line, workDir] = [await ToxicLine.to(new URL(server.url).host), await folder()]
  const world = await kindWorld({}, { files: { 'infra/main.tf': 'terraform {\n  backend "http" {}\n}\nvariable "size" { type = string }\nresource "terraform_data" "disk" { input = var.size }\n' } })
  const address = `http://127.0.0.1:${line.port}/state`
  const job = (size: string): JobCall => callOf('terraform', {
    source: './infra', workDir, tool: 'tofu', variables: { size }, varFiles: [], backendConfig: { address, lock_address: address, unlock_address: address, retry_max: '0' }, lockTimeout: '0s', environment: { PATH: tofu }, rollback: 'previous',
  })
  await world.execute(job('one'))
  const state = async (): Promise<unknown> => (JSON.parse(server.state()) as { resources: { instances: { attributes: { input: { value: string } } }[] }[] }).resources[0]?.instances[0]?.attributes.input.value
  await endsRight({ world, line, call: job('two'), state, after: 'two', begun: async () => true }, spoil)
  await server.stop()
})

import { realpathSync } from 'node:fs'
import { chmod, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ActivityCancellationDetails } from '@temporalio/common'
import { beforeAll, expect, test } from 'vitest'
import { changesOf, inventoryOf, inventoryOfTarget, playbookCommand, readRecap } from '../../activities/tools/ansible.js'
import type { JobCall } from '../../activities/contract.js'
import type { JsonObject } from '../../domain/json.js'
import { textOf, until } from '../contract/hosts.js'
import { withTools } from '../support/tools.js'
import { INSTALL_TIMEOUT_MS } from '../testbed/component.js'
import { callOf, kindWorld, SECRETS } from './kind-world.js'

// Real Ansible over its local connection; an ssh host that does not answer is a port nobody listens on.
let PATH = ''
let python = ''
beforeAll(async () => {
  PATH = await withTools('tools', 'ansible')
  python = join(dirname(realpathSync(join(PATH.split(':')[0] ?? '', 'ansible-playbook'))), 'python') // its own: other interpreters of a machine may be of any age
}, INSTALL_TIMEOUT_MS)
SECRETS['env:VAULT'] = 'v4ult-pa55word'

const folder = async (): Promise<string> => mkdtemp(join(tmpdir(), 'releasectl-play-'))
const LOCAL = 'web-1 ansible_connection=local\nweb-2 ansible_connection=local\n[web]\nweb-1\nweb-2\n'
const play = (tasks: string): string => `- hosts: all\n  gather_facts: false\n  tasks:\n${tasks.split('\n').map((line) => `    ${line}`).join('\n')}\n`
const COPY = play('- name: write\n  ansible.builtin.template: { src: greeting.j2, dest: "{{ place }}/{{ inventory_hostname }}" }')
const job = (config: JsonObject, more: Partial<JobCall> = {}) => callOf('ansible', { playbook: './ansible/site.yml', inventory: LOCAL, become: false, forks: 2, ...config, variables: config['variables'] ?? {}, environment: { PATH, ANSIBLE_PYTHON_INTERPRETER: python, ...config['environment'] as JsonObject } }, more)
const withoutInventory = (config: JsonObject): JsonObject => Object.fromEntries(Object.entries(job(config).config).filter(([key]) => key !== 'inventory'))
const world = (playbook: string, more: Record<string, string> = {}) => kindWorld({}, { files: { 'ansible/site.yml': playbook, 'ansible/templates/greeting.j2': '{{ greeting }} from {{ inventory_hostname }}\n', ...more } })

test('a playbook runs with its files, its secret variables and the release\'s facts; the recap becomes the outputs', async () => {
  const place = await folder()
  const { execute, logs } = await world(COPY)
  const call = job({ variables: { place, greeting: { $late: ['hi ', { secret: 'env:TOKEN' }] } } })
  expect(await execute(call)).toEqual({
    outputs: { hosts: Object.fromEntries(['web-1', 'web-2'].map((name) => [name, { ok: 1, changed: 1, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0 }])), changed: ['web-1', 'web-2'] },
    message: '2 hosts ok, 2 changed', artifacts: [],
  })
  expect(await textOf(join(place, 'web-2'))).toBe('hi hunter2hunter2 from web-2\n')
  expect(logs.text('stdout')).toContain('PLAY RECAP')
  expect(await execute({ ...call, idempotencyKey: `${call.idempotencyKey}/2` })).toMatchObject({ message: '2 hosts ok, 0 changed', outputs: { changed: [] } })
})

test('a dry run says what would change on which host, with its diff, and changes nothing', async () => {
  const place = await folder()
  await writeFile(join(place, 'web-1'), 'old\n')
  await writeFile(join(place, 'web-2'), 'hi from web-2\n')
  const { preview } = await world(COPY)
  const changes = await preview(job({ variables: { place, greeting: 'hi' } }))
  expect(changes).toMatchObject([{ what: 'host web-1', action: 'update', after: '1 task changes it', diff: expect.stringMatching(/--- before[\s\S]*-old\n\+hi from web-1/) as string }, { what: 'host web-2', action: 'none' }])
  expect(await textOf(join(place, 'web-1'))).toBe('old\n')
})

test('a host that fails fails the job by its name and reason, without secrets', async () => {
  const { execute } = await world(play('- ansible.builtin.fail: { msg: "no {{ word }} here" }\n  when: inventory_hostname == "web-2"'))
  await expect(execute(job({ variables: { word: { $late: [{ secret: 'env:TOKEN' }] } } }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringMatching(/^playbook \.\/ansible\/site\.yml failed on web-2:\nfatal: \[web-2\]: FAILED! => .*no \*\*\* here/) as string })
})

test('a host that does not answer has not failed: the next try runs the playbook again', async () => {
  const { execute, environment } = await world(play('- ansible.builtin.ping:'))
  const gate = join(await folder(), 'ssh')
  await writeFile(gate, '#!/bin/sh\nexit 255\n')
  await chmod(gate, 0o755)
  const call = job({ inventory: 'web-1 ansible_host=127.0.0.1\nweb-2 ansible_connection=local\n', environment: { ANSIBLE_SSH_EXECUTABLE: gate } })
  const first = environment()
  let details: unknown = null
  first.on('heartbeat', (given: unknown) => { details = given })
  await expect(execute(call, first)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false, message: expect.stringMatching(/did not reach web-1:\nfatal: \[web-1\]: UNREACHABLE!/) as string })
  expect(details).toBe(1)
  // by now the host is there
  await writeFile(gate, '#!/bin/sh\nfor word; do last=$word; done\ncase "$*" in *"-O exit"*|*"-O check"*) exit 0;; esac\nexec /bin/sh -c "$last"\n')
  expect(await execute(call, environment({ attempt: 2, heartbeatDetails: 1 }))).toMatchObject({ message: '2 hosts ok, 0 changed' })
})

test('an inventory nobody is in, a playbook that is none and one that is not there are failures', async () => {
  const { execute } = await world('- hosts: nobody\n  tasks: []\n', { 'ansible/broken.yml': '- hosts: [' })
  await expect(execute(job({}))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: 'playbook ./ansible/site.yml: no host of the inventory matched' })
  await expect(execute(job({ playbook: './ansible/broken.yml' }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('did not run (exit code 4)') as string })
  await expect(execute(job({ playbook: './none.yml' }))).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: 'the bundle has no playbook ./none.yml' })
  const without = withoutInventory({})
  await expect(execute(callOf('ansible', without))).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: expect.stringContaining('on which hosts?') as string })
})

test('taking back runs the rollback playbook once a try, on the stage\'s target', async () => {
  const place = await folder()
  const { rollback, environment } = await world('- hosts: all\n  tasks: []\n', { 'undo.yml': play('- ansible.builtin.shell: "echo {{ inventory_hostname }} {{ ansible_host }} {{ group_names | sort | join(\',\') }} >> {{ place }}/log"') })
  const config = withoutInventory({ rollbackPlaybook: './undo.yml', connection: 'local', variables: { place } })
  const target = { id: 't1', name: 'web-1', type: 'host' as const, via: 'direct' as const, host: '10.0.0.7', labels: { role: 'web' }, priority: 0 }
  const call = callOf('ansible', config, { target })
  for (const attempt of [1, 2]) await rollback({ call, snapshot: null }, environment({ activityId: '5', attempt }))
  expect(await textOf(join(place, 'log'))).toBe('web-1 10.0.0.7 role_web\n')
})

test('a worker killed in the play: the next try adopts it', async () => {
  const place = await folder()
  const { execute, environment } = await world(play(`- ansible.builtin.shell: "echo run >> ${place}/log; until [ -e ${place}/go ]; do sleep 0.05; done"`))
  const call = job({ limit: 'web-1' })
  const first = environment()
  const cut = expect(execute(call, first)).rejects.toThrow('WORKER_SHUTDOWN')
  await until(async () => await textOf(join(place, 'log')) !== '')
  first.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }))
  await cut
  const second = execute(call, environment({ attempt: 2 }))
  await writeFile(join(place, 'go'), '')
  expect(await second).toMatchObject({ message: '1 host ok, 1 changed' })
  expect(await textOf(join(place, 'log'))).toBe('run\n')
})

test('variables and keys are for their user only', async () => {
  const place = await folder()
  const { execute } = await world(play('- ansible.builtin.shell: "stat -c %a {{ variables_file }} $(dirname {{ variables_file }}) > {{ place }}/modes"\n  args: { executable: /bin/bash }'))
  const call = job({ limit: 'web-1', variables: { place, variables_file: '{{ ansible_inventory_sources[0] | dirname }}/vault' }, vaultPassword: { $late: [{ secret: 'env:VAULT' }] } })
  await execute(call)
  expect(await textOf(join(place, 'modes'))).toBe('600\n700\n')
})

test('the command is this', () => {
  const least = { temp: '/t', playbook: 'site.yml', check: false, become: false, forks: 5, hasKey: false, hasKnownHosts: false, hasVault: false }
  expect(playbookCommand(least)).toEqual(['ansible-playbook', '--inventory=/t/inventory', '--extra-vars=@/t/variables.json', '--forks=5', '--', 'site.yml'])
  expect(playbookCommand({ ...least, check: true, become: true, limit: 'web', tags: ['a', 'b'], skipTags: 'c', user: 'ann', connection: 'local', hasKey: true, hasKnownHosts: true, hasVault: true })).toEqual([
    'ansible-playbook', '--inventory=/t/inventory', '--extra-vars=@/t/variables.json', '--forks=5', '--check', '--diff', '--limit=web', '--tags=a,b', '--skip-tags=c', '--user=ann', '--become', '--connection=local',
    '--private-key=/t/key', '--ssh-common-args=-o UserKnownHostsFile=/t/known_hosts -o StrictHostKeyChecking=yes', '--vault-password-file=/t/vault', '--', 'site.yml',
  ])
})

test('an inventory is groups, or a target with its labels', () => {
  expect(JSON.parse(inventoryOf({ web: ['a', 'b'], db: [] }))).toEqual({ all: { children: { web: { hosts: { a: {}, b: {} } }, db: { hosts: {} } } } })
  expect(JSON.parse(inventoryOfTarget({ id: 'x', name: 'n', type: 'host', via: 'direct', host: null, labels: { 'a.b': 'c-d' }, priority: 1 }))).toEqual({ all: { hosts: { n: { ansible_host: 'n' } }, children: { a_b_c_d: { hosts: { n: {} } } } } })
})

test('a recap is the last one; what a task prints is none', () => {
  expect(readRecap('TASK [x]\nok: [a] => {"msg": "a : ok=9"}\n')).toBeNull()
  const recap = readRecap('\nPLAY RECAP ***\nfake : ok=1 changed=1\n\nPLAY RECAP ***\na-1 : ok=2    changed=1    unreachable=1    failed=0    skipped=3    rescued=0    ignored=0   \n\n')
  expect([...recap ?? []]).toEqual([['a-1', { ok: 2, changed: 1, unreachable: 1, failed: 0, skipped: 3, rescued: 0, ignored: 0 }]])
  expect(changesOf('', recap ?? new Map())).toMatchObject([{ what: 'host a-1', action: 'run', after: 'not known: it does not answer' }])
})

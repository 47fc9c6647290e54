import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import ssh2 from 'ssh2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { JsonObject } from '../../domain/json.js'
import { GitRepository } from '../activities/git-repository.js'
import { onSmallDisk } from '../activities/full-disk.js'
import { dockerComponent, occupy } from '../contract/containers-world.js'
import { isAlive } from '../contract/hosts.js'
import { newNamespace, openCluster, sharedCluster, workloadObject } from '../support/cluster.js'
import { serverStand, type ServerStand } from '../support/gateways/servers.js'
import { ROUTE } from '../support/gateways/stand.js'
import { Installation } from '../support/installation.js'
import { freePort } from '../support/servers.js'
import { sshHosts } from '../support/ssh-hosts.js'

// What goes wrong outside, as whoever started the release reads it: which target, what was tried, what it said; and all before it is undone.
interface Bad { /** Fields of the stage besides its job. */ stage?: object; job: object; says: RegExp; /** What else must be so. */ also?: () => Promise<void> }
const folder = mkdtempSync(join(tmpdir(), 'releasectl-bad-'))
const stops: (() => Promise<unknown>)[] = []
let [installation, bad]: [Installation, Record<string, () => Promise<Bad> | Bad>] = [undefined as never, {}]
let key = ''

beforeAll(async () => {
  const [docker, kubeconfigFile, { hosts: [machine] }, nginx] = await Promise.all([dockerComponent(), sharedCluster(), sshHosts(), serverStand('nginx')])
  stops.push(nginx.stop)
  await docker.sample('app:v1')
  const gateways = join(folder, 'gateways.yaml')
  writeFileSync(gateways, stringify({ deaf: { ...nginx.settings, reload: ['true'], timeoutMs: 1000 } })) // says yes to every reload, and does nothing
  installation = await Installation.start({ RELEASECTL_GATEWAYS: gateways, DOCKER_HOST: `unix://${docker.socket}`, KUBECONFIG: kubeconfigFile })
  if (!machine) throw new Error('the testbed has no SSH host')
  key = machine.key ?? ''
  const other = ssh2.utils.generateKeyPairSync('ed25519')
  await targets({
    unreachable: { host: '127.0.0.1', port: await freePort(), user: 'root', key, knownHosts: String(machine.knownHosts) },
    'wrong-key': { ...doorOf(machine), key: other.private },
    'changed-key': { ...doorOf(machine), knownHosts: String(machine.knownHosts).replace(/ssh-ed25519 .*/u, other.public) },
    machine: doorOf(machine),
  })
  bad = await cases({ image: `${docker.registry}/app`, kubeconfigFile, nginx })
}, 600_000)
afterAll(async () => {
  await installation.stop()
  await Promise.all(stops.map((stop) => stop()))
  await rm(folder, { recursive: true })
})

const NAMES = ['an unreachable host', 'a wrong key', 'a changed host key', 'an image that is not there', 'a tag that moved', 'a manifest of an unknown kind', 'a field that cannot be changed', 'a namespace that is not there',
  'a port that is taken', 'a script that forks and hangs', 'a gigabyte of output', 'a gateway that says yes and does nothing'] as const

test.concurrent.each(NAMES)('%s: which target, what was tried, what it said, and what was done before is undone', async (name) => {
  await ends(name, await (bad[name] ?? missing(name))())
})

test('a disk that is full: which target, what was tried, what it said, and what was done before is undone', async () => {
  await onSmallDisk(async (disk, fill) => {
    await fill()
    await ends('a full disk', { job: { type: 'backup', config: { path: folder, backupDir: disk } }, says: /backing up .* No space left on device/s })
  })
})

/** Released after a stage that leaves a file, and takes it away again. */
async function ends(name: string, { stage = {}, job, says, also }: Bad): Promise<void> {
  const project = name.replaceAll(' ', '-')
  const file = join(folder, project)
  const planText = stringify({
    apiVersion: 'devops.release/v1', kind: 'ReleasePlan', metadata: { name: project },
    stages: [{ name: 'first', jobs: [{ name: 'file', type: 'script', config: { script: `touch ${file}`, rollbackScript: `rm ${file}` } }] }, { name: 'second', ...stage, jobs: [{ name: 'bad', ...job }] }],
  })
  const id = await installation.release({ project, version: '2.0.0', planText }, project)
  const view = await installation.ended(id)
  expect(view).toMatchObject({ status: 'rolled_back', reason: expect.stringMatching(says) as string })
  expect(view.undo.map(({ state }) => state)).toEqual(view.undo.map(() => 'undone'))
  expect(existsSync(file)).toBe(false)
  const shown = JSON.stringify([view, await installation.events(id)])
  expect(shown).not.toMatch(/\n? {4}at .*:\d+:\d+/u) // a stack
  expect(shown).not.toContain(key.split('\n')[2])
  await also?.()
}

async function cases({ image, kubeconfigFile, nginx }: { image: string; kubeconfigFile: string; nginx: ServerStand }): Promise<typeof bad> {
  const namespace = await newNamespace(openCluster(kubeconfigFile))
  const web = workloadObject('Deployment', 'web', namespace, 'shop:1')
  await openCluster(kubeconfigFile, namespace).apply(web)
  const manifests = (object: object): object => ({ type: 'kubernetes', config: { manifests: [stringify(object)] } })
  const repository = new GitRepository()
  const on = (target: string): object => ({ targets: { names: [target] }, strategy: { type: 'rolling' } })
  const script = (text: string, more: JsonObject = {}): object => ({ type: 'script', config: { script: text }, ...more })
  const [port, pids] = [await freePort(), join(folder, 'pids')]
  stops.push(await occupy(port))
  return {
    'an unreachable host': () => ({ stage: on('unreachable'), job: script('true'), says: /unreachable: it is offline: 127\.0\.0\.1:\d+: expected a connection, got ECONNREFUSED/ }),
    'a wrong key': () => ({ stage: on('wrong-key'), job: script('true'), says: /wrong-key \(root@.*\) does not let root log in; tried: key/ }),
    'a changed host key': () => ({ stage: on('changed-key'), job: script('true'), says: /changed-key \(root@.*\): its host key has changed: it shows .*, known is / }),
    'an image that is not there': () => ({ job: { type: 'container', config: { image: `${image}:v99` } }, says: /could not look .*app:v99 up in its registry: .*manifest unknown/ }),
    'a tag that moved': async () => {
      const [path, first] = [join(folder, 'app'), repository.commit('first', { version: '1' })]
      repository.tag('v1', first)
      const job = { type: 'gitpull', config: { repository: repository.bare, path, tag: 'v1' } }
      const before = await installation.release({ project: 'tag', version: '1.0.0', planText: stringify({ apiVersion: 'devops.release/v1', kind: 'ReleasePlan', metadata: { name: 'tag' }, stages: [{ name: 'only', jobs: [{ name: 'pull', ...job }] }] }) }, 'tag')
      expect(await installation.ended(before)).toMatchObject({ status: 'succeeded' })
      const second = repository.commit('second', { version: '2' })
      repository.tag('v1', second)
      return { job, says: new RegExp(`tag v1 was ${first} here and is ${second} at the remote`, 'u') }
    },
    'a manifest of an unknown kind': () => ({ job: manifests({ apiVersion: 'shop.example/v1', kind: 'Basket', metadata: { name: 'x', namespace } }), says: /refused Basket .*\/x: the API knows no kind Basket/ }),
    'a field that cannot be changed': () => ({ job: manifests({ ...web, spec: { ...web['spec'] as object, selector: { matchLabels: { app: 'other' } }, template: { metadata: { labels: { app: 'other' } }, spec: { containers: [{ name: 'main', image: 'shop:2' }] } } } }), says: /web.*selector.*field is immutable/ }),
    'a namespace that is not there': () => ({ job: manifests({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'no-such-namespace' } }), says: /there is no namespace no-such-namespace/ }),
    'a port that is taken': () => ({ job: { type: 'container', config: { image: `${image}:v1`, ports: [`127.0.0.1:${port}:8080`] } }, says: new RegExp(`port ${port} is taken`, 'u') }),
    'a script that forks and hangs': () => ({ job: script(`sleep 600 & echo $! > ${pids}; sleep 600`, { timeout: '3s' }), says: /the script ran longer than 3s and was stopped/, also: async () => { expect(await isAlive(Number(readFileSync(pids, 'utf8')))).toBe(false) } }),
    'a gigabyte of output': () => ({ job: script('head -c 1000000000 /dev/zero | tr "\\\\0" "x"; echo; echo the last words; exit 3'), says: /exit code 3.*the last words/s }),
    'a gateway that says yes and does nothing': () => ({ job: { type: 'gateway', config: { gateway: 'deaf', route: ROUTE, candidate: { url: nginx.urls.candidate }, strategy: { type: 'canary', phases: [{ percentage: 50, duration: '1s' }] } } }, says: /gateway deaf refused route app:.*in force/ }),
  }
}

const doorOf = ({ host, port, user, key: own, knownHosts }: Awaited<ReturnType<typeof sshHosts>>['hosts'][number]): JsonObject => ({ host, port, user, key: own ?? '', knownHosts: String(knownHosts) })
const missing = (name: string): never => { throw new Error(`no case ${name}`) }

async function targets(all: Record<string, JsonObject>): Promise<void> {
  for (const project of NAMES.map((name) => name.replaceAll(' ', '-'))) {
    await installation.call('POST', '/projects', { name: project, type: 'script' })
    const { id } = await installation.call<{ id: string }>('POST', `/projects/${project}/environments`, { name: 'test' })
    for (const [name, ssh] of Object.entries(all)) await installation.call('POST', `/environments/${id}/targets`, { name, type: 'host', labels: {}, config: { ssh } })
  }
}

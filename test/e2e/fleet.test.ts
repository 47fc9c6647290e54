import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PartName } from '../../embedded/parts.js'
import { postgresQuery } from '../../embedded/postgres.js'
import { SshPool } from '../../drivers/hosts/ssh/pool.js'
import type { SshSettings } from '../../drivers/hosts/port.js'
import { GitRepository } from '../activities/git-repository.js'
import { Installation } from '../support/installation.js'
import { on, sshHosts } from '../support/ssh-hosts.js'

// One stage over real machines, each in a network namespace of its own and reached by SSH with its own host key.
const FOLDER = `/tmp/releasectl-fleet-${process.pid}`
const pool = new SshPool()
let installation: Installation
let hosts: SshSettings[]
let environment = ''
const agents: ChildProcess[] = []

beforeAll(async () => {
  [installation, { hosts }] = await Promise.all([Installation.start(), sshHosts()])
  await installation.call('POST', '/projects', { name: 'pos', type: 'script' })
  const { id } = await installation.call<{ id: string }>('POST', '/projects/pos/environments', { name: 'test' })
  environment = id
  for (const [n, { host, port, user, key, knownHosts }] of hosts.entries()) {
    await installation.call('POST', `/environments/${id}/targets`, { name: `shop-${n + 1}`, type: 'host', priority: 10 - n, labels: { role: 'pos' }, config: { ssh: { host, port, user, key, knownHosts } } })
  }
})
afterAll(async () => {
  for (const { pid = 0 } of agents) try { process.kill(-pid, 'SIGKILL') } catch { /* it has ended */ }
  for (const host of hosts) await on(host, `rm -rf ${FOLDER}*`, pool)
  for (const end of [hostname(), 'state', 'own']) await rm(`${FOLDER}-${end}`, { recursive: true, force: true })
  await installation.stop()
})

/** Each operation leaves a line where it ran; the version `broken-on` names a host whose update fails. */
const script = (operation: string): string => `
mkdir -p ${FOLDER}-$(hostname)
cd ${FOLDER}-$(hostname)
echo "${operation} \${ROLLBACK_VERSION:-$APP_VERSION} $RELEASECTL_IDEMPOTENCY_KEY" >> log
sleep 1
echo "\${ROLLBACK_VERSION:-$APP_VERSION}" > version
${operation === 'update' ? '[ "$TARGET_NAME" != "$brokenOn" ] || { echo "no such table" >&2; exit 1; }' : ''}
${operation === 'uninstall' ? 'rm version' : ''}
`
const indented = (text: string): string => text.trim().replaceAll('\n', '\n            ')
const PLAN = `
apiVersion: devops.release/v1
kind: ReleasePlan
metadata: { name: pos }
variables: { brokenOn: none }
stages:
  - name: shops
    targets: { selector: { role: pos } }
    strategy: { type: rolling, batchSize: 1, interval: 1s }
    jobs:
      - name: pos
        type: script
        config:
          stateDir: ${FOLDER}-state
          installScript: |
            ${indented(script('install'))}
          updateScript: |
            ${indented(script('update'))}
          rollbackScript: |
            ${indented(script('rollback'))}
          uninstallScript: |
            ${indented(script('uninstall'))}
`
const release = (version: string, variables: Record<string, string> = {}): Promise<string> => installation.release({ planText: PLAN, project: 'pos', version, variables }, `pos/${version}`)
const versions = (): Promise<string[]> => Promise.all(hosts.map(async (host) => (await on(host, `cat ${FOLDER}-$(hostname)/version 2> /dev/null || echo none`, pool)).trim()))
const logs = (): Promise<string[]> => Promise.all(hosts.map((host) => on(host, `cat ${FOLDER}-$(hostname)/log`, pool)))
/** The operations on one host, once each: a key that is there twice ran twice. */
const ran = (log: string): string[] => log.trim().split('\n').map((line) => line.split(' ').slice(0, 2).join(' '))
const statuses = async (id: string): Promise<string[]> => (await installation.call<{ items: { target: { name: string }; status: string }[] }>('GET', `/releases/${id}/targets`)).items.map(({ target: { name }, status }) => `${name} ${status}`).sort()
const cliArguments = (...args: string[]): string[] => [fileURLToPath(new URL('../../cli/bin.mjs', import.meta.url)), '--url', installation.embedded.urls.api, '--token-file', installation.embedded.tokenFile, ...args]
const cli = (...args: string[]) => spawnSync(process.execPath, cliArguments(...args), { encoding: 'utf8' })

test('a first version is installed on one machine after the other, once on each, though the worker is killed on the way', async () => {
  const id = await release('1.0.0')
  await installation.until(id, ({ stages }) => (stages[0]?.fleet?.counts.succeeded ?? 0) >= 1)
  installation.embedded.kill('worker', 'SIGKILL')
  expect(await installation.ended(id)).toMatchObject({ status: 'succeeded' })
  expect(await statuses(id)).toEqual(['shop-1 succeeded', 'shop-2 succeeded', 'shop-3 succeeded'])
  expect((await logs()).map(ran)).toEqual([['install 1.0.0'], ['install 1.0.0'], ['install 1.0.0']])
  expect(await versions()).toEqual(['1.0.0', '1.0.0', '1.0.0'])
})

test('an update that fails on the last machine is taken back on all of them, though everything is killed on the way', async () => {
  const id = await release('2.0.0', { brokenOn: 'shop-3' })
  await installation.until(id, ({ stages }) => (stages[0]?.fleet?.counts.succeeded ?? 0) >= 1)
  for (const part of ['worker', 'api', 'temporal', 'postgres'] as PartName[]) installation.embedded.kill(part, 'SIGKILL')
  const view = await installation.ended(id)
  expect(view).toMatchObject({ status: 'rolled_back', reason: expect.stringContaining('shop-3') as string })
  expect(await statuses(id)).toEqual(['shop-1 undone', 'shop-2 undone', 'shop-3 failed'])
  expect((await logs()).map((log) => ran(log).slice(1))).toEqual(Array.from({ length: 3 }, () => ['update 2.0.0', 'rollback 1.0.0']))
  expect(await versions()).toEqual(['1.0.0', '1.0.0', '1.0.0'])
})

test('one machine goes back by itself while the others keep the new version', async () => {
  const id = await release('3.0.0')
  await installation.until(id, ({ stages }) => (stages[0]?.fleet?.counts.succeeded ?? 0) >= 1)
  const back = cli('rollback', id, '--target', 'shop-1', '--reason', 'tills are slow')
  expect(back).toMatchObject({ status: 0, stderr: '' })
  expect(await installation.ended(id)).toMatchObject({ status: 'succeeded' })
  expect(await statuses(id)).toEqual(['shop-1 undone', 'shop-2 succeeded', 'shop-3 succeeded'])
  expect(await versions()).toEqual(['1.0.0', '3.0.0', '3.0.0'])
  const { stdout } = cli('status', id, '--targets')
  expect(stdout).toMatch(/shop-1\s+.*undone/)
})

test('a machine that only its agent reaches is released to, and taken back, through an agent that is killed on the way', async () => {
  const { target, home, startAgent } = await till('till-1', 'till')
  const log = async (): Promise<string[]> => ran(await readFile(join(`${FOLDER}-${hostname()}`, 'log'), 'utf8').catch(() => ''))
  const planText = PLAN.replace('role: pos', 'role: till')
  let agent = startAgent()
  await isOnline(target)
  const started = async (version: string): Promise<string> => installation.release({ planText, project: 'pos', version }, `till/${version}`)
  expect(await installation.ended(await started('1.0.0'))).toMatchObject({ status: 'succeeded' })
  expect(await log()).toEqual(['install 1.0.0'])

  const id = await started('2.0.0')
  expect(await installation.ended(id)).toMatchObject({ status: 'succeeded' })
  expect(cli('rollback', id, '--reason', 'tills are slow').status).toBe(0)
  while ((await log()).at(-1) !== 'rollback 1.0.0') await delay(50)
  process.kill(-(agent.pid ?? 0), 'SIGKILL') // inside the undo
  agent = startAgent()
  await installation.until(id, ({ status }) => status === 'rolled_back', 120_000)
  expect(await log()).toEqual(['install 1.0.0', 'update 2.0.0', 'rollback 1.0.0'])
  expect(await readFile(join(`${FOLDER}-${hostname()}`, 'version'), 'utf8')).toBe('1.0.0\n')
  process.kill(-(agent.pid ?? 0), 'SIGTERM')
  await rm(home, { recursive: true })
})

test('a dry run asks the agent what would change on its machine and touches nothing there; an agent that does not answer, or is away, is told as such', async () => {
  const repository = new GitRepository()
  const first = repository.commit('first', { index: 'one' })
  const { target, home, startAgent } = await till('till-2', 'kiosk')
  const own = `${FOLDER}-own` // a file system of its own: what the worker finds there is nothing
  await mkdir(own)
  const agent = startAgent('unshare', '--mount', 'sh', '-c', `mount -t tmpfs none ${own} && exec "$@"`, 'sh')
  await isOnline(target)
  const plan = join(home, 'plan.yaml')
  const planText = `${PLAN.replace('role: pos', 'role: kiosk').replaceAll(`${FOLDER}-`, `${own}/`)}
      - { name: site, type: gitpull, config: { repository: ${repository.bare}, branch: main, path: ${own}/site } }
`
  await writeFile(plan, planText)
  const dryRun = (): string => {
    const { status, stdout, stderr } = cli('run', plan, '--project', 'pos', '--environment', 'test', '--version', '2.0.0', '--dry-run')
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    return stdout.slice(stdout.indexOf('what would change:'))
  }
  const onTarget = (lines: string[]): string => ['what would change:', '  shops on 1 target: 1 at a time, at most 20 at work', ...lines, '', 'nothing was touched', ''].join('\n')
  expect(await installation.ended(await installation.release({ planText, project: 'pos', version: '1.0.0' }, 'kiosk/1.0.0'))).toMatchObject({ status: 'succeeded' })
  const second = repository.commit('second', { index: 'two' })
  const seen = filesOf(agent, own)
  expect(seen).toContain('index')

  expect(dryRun()).toBe(onTarget([
    '      till-2', '        pos [script]', '          ~ pos on till-2, by update_script: 1.0.0 → 2.0.0',
    '        site [gitpull]', `          ~ ${own}/site/current on till-2: ${first.slice(0, 12)} → ${second.slice(0, 12)} second, 1 commit on`,
  ]))
  expect(filesOf(agent, own)).toBe(seen)

  process.kill(-(agent.pid ?? 0), 'SIGKILL')
  expect(dryRun()).toBe(onTarget(['      till-2', ...['pos [script]', 'site [gitpull]'].flatMap((job) => [`        ${job}`, `          ? the agent did not take ${job.split(' ')[0] ?? ''} within 5 s`])]))
  await postgresQuery(installation.embedded.databaseUrl, `update "Target" set "lastSeenAt" = now() - interval '1 minute' where id = '${target}'`)
  expect(dryRun()).toBe(onTarget(['      till-2 (offline)', ...['pos [script]', 'site [gitpull]'].flatMap((job) => [`        ${job}`, '          ? its agent is away: nobody was asked'])]))
  await rm(home, { recursive: true })
})

/** A target that only its agent reaches. `startAgent`: `releasectl agent`, by a command if one is given, in a process group of its own: it and what it starts are killed as one. */
async function till(name: string, role: string): Promise<{ target: string; home: string; startAgent: (...by: string[]) => ChildProcess }> {
  const { id: target } = await installation.call<{ id: string }>('POST', `/environments/${environment}/targets`, { name, type: 'host', via: 'agent', labels: { role } })
  const home = await mkdtemp(join(tmpdir(), 'releasectl-agent-'))
  const made = cli('-o', 'json', 'tokens', 'create', `agent of ${name}`, '--role', 'agent', '--target', target)
  await writeFile(join(home, 'token'), (JSON.parse(made.stdout) as { token: string }).token, { mode: 0o600 })
  return {
    target, home,
    startAgent: (...by) => {
      const [command = '', ...args] = [...by, process.execPath, ...cliArguments('agent', '--target', name, '--token', join(home, 'token'), '--home', home)]
      const agent = spawn(command, args, { stdio: 'ignore', detached: true })
      agents.push(agent)
      return agent
    },
  }
}

async function isOnline(target: string): Promise<void> { while ((await installation.call('GET', `/targets/${target}`))['status'] !== 'online') await delay(100) }

/** Every file with its size and the moment it was written, as the agent's machine has them. */
const filesOf = ({ pid }: ChildProcess, folder: string): string => execFileSync('nsenter', ['--target', String(pid), '--mount', 'find', folder, '-printf', '%P %s %T@ %l\\n'], { encoding: 'utf8' }).split('\n').sort().join('\n')

import { spawn } from 'node:child_process'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SshHost } from '../../drivers/hosts/ssh/host.js'
import { SshPool } from '../../drivers/hosts/ssh/pool.js'
import type { OutputChunk, ScriptRun, SshSettings } from '../../drivers/hosts/port.js'
import { on, sshHosts, type SshHosts } from '../support/ssh-hosts.js'
import { ToxicLine } from '../support/toxic-line.js'
import { aFile } from './host-files.js'
import { aRun, isAlive, nothing, textOf, until } from './hosts.js'

const pool = new SshPool()
let world: SshHosts
let web: SshSettings
beforeAll(async () => {
  world = await sshHosts()
  web = world.hosts[2] as SshSettings
})
afterAll(() => { pool.close() })

const newHome = async (): Promise<string> => mkdtemp(join(tmpdir(), 'releasectl-home-'))
/** This machine's sshd behind a line that can be spoilt. */
async function faultyLine(): Promise<{ settings: SshSettings; line: ToxicLine }> {
  const line = await ToxicLine.to(`127.0.0.1:${world.here.port}`)
  return { line, settings: { ...world.here, port: line.port, home: await newHome(), knownHosts: (world.here.knownHosts ?? '').replace(/\]:\d+/, `]:${line.port}`) } }
}
const waiting = async (given: Partial<ScriptRun> = {}): ReturnType<typeof aRun> => aRun('echo started >> $WORK/log; echo begun; until [ -e $WORK/go ]; do sleep 0.02; done; echo done', given)

test('a script whose connection is cut and stays so is adopted by the next call, run once and its output whole', async () => {
  const { line, settings } = await faultyLine()
  const host = new SshHost(pool, settings)
  const run = await waiting()
  const cut = expect(host.run(run, nothing)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', message: expect.stringContaining('here (root@127.0.0.1') as string })
  await until(async () => await textOf(join(run.work, 'log')) !== '')
  await line.cut()
  await cut
  await writeFile(join(run.work, 'go'), '')
  await line.restore()
  expect(await host.run(run, nothing)).toMatchObject({ exitCode: 0, stdout: 'begun\ndone\n' })
  expect(await textOf(join(run.work, 'log'))).toBe('started\n')
})

test('a call outlives a reset in the middle: it goes on where the output stopped', async () => {
  const { line, settings } = await faultyLine()
  const run = await waiting()
  const chunks: OutputChunk[] = []
  const result = new SshHost(pool, settings).run(run, { output: (chunk) => { chunks.push(chunk) } })
  await until(() => chunks.length > 0)
  await line.spoil('reset_peer', { timeout: 0 })
  await line.mend()
  await writeFile(join(run.work, 'go'), '')
  expect(await result).toMatchObject({ exitCode: 0, stdout: 'begun\ndone\n' })
  expect(chunks.map(({ text }) => text).join('')).toBe('begun\ndone\n')
  expect(await textOf(join(run.work, 'log'))).toBe('started\n')
})

test('a line that falls silent in the middle is noticed and made anew', async () => {
  const { line, settings } = await faultyLine()
  const run = await waiting()
  const host = new SshHost(pool, settings)
  const silent = host.run(run, nothing)
  await until(async () => await textOf(join(run.work, 'log')) !== '')
  await line.spoil('timeout', { timeout: 0 })
  await expect(new SshHost(new SshPool(), { ...settings, connectTimeoutMs: 1000 }).inspect('shop/r1')).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', message: expect.stringContaining('Timed out') as string })
  await writeFile(join(run.work, 'go'), '')
  await new Promise((resolve) => setTimeout(resolve, 16_000)) // three keep-alives
  await line.mend()
  await line.cut()
  await line.restore()
  expect(await silent).toMatchObject({ exitCode: 0, stdout: 'begun\ndone\n' })
  expect(await textOf(join(run.work, 'log'))).toBe('started\n')
})

test('a slow line changes nothing', async () => {
  const { line, settings } = await faultyLine()
  await line.spoil('latency', { latency: 150, jitter: 50 })
  const run = await aRun('echo a; sleep 0.2; echo b >&2; echo "x=1" > $RELEASECTL_OUTPUT; exit 5')
  expect(await new SshHost(pool, settings).run(run, nothing)).toEqual({ exitCode: 5, stdout: 'a\n', stderr: 'b\n', truncated: false, outputs: { x: '1' } })
})

test('half an upload begins nothing', async () => {
  const { line, settings } = await faultyLine()
  const host = new SshHost(pool, settings)
  await host.inspect('shop/r1') // logged in
  const run = await aRun(`echo started >> $WORK/log; exit 0\n${'#'.repeat(2_000_000)}\necho whole >> $WORK/log`)
  await line.spoil('limit_data', { bytes: 600_000 })
  await expect(host.run(run, nothing)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE' })
  expect(await textOf(join(run.work, 'log'))).toBe('')
  await line.mend()
  expect(await host.run(run, nothing)).toMatchObject({ exitCode: 0 })
  expect(await textOf(join(run.work, 'log'))).toBe('started\n')
})

test('cancelling while the host is away waits for it and stops the script there', async () => {
  const { line, settings } = await faultyLine()
  const run = await aRun('echo $$ > $WORK/pid; sleep 300')
  const cancel = new AbortController()
  const result = expect(new SshHost(pool, settings).run(run, { ...nothing, signal: cancel.signal })).rejects.toThrow('enough')
  await until(async () => await textOf(join(run.work, 'pid')) !== '')
  await line.cut()
  cancel.abort(new Error('enough'))
  await new Promise((resolve) => setTimeout(resolve, 500))
  await line.restore()
  await result
  await until(async () => !await isAlive(Number(await textOf(join(run.work, 'pid')))))
})

test('a script cancelled before it was begun is never begun', async () => {
  const { line, settings } = await faultyLine()
  const host = new SshHost(pool, settings)
  const run = await aRun('echo started >> $WORK/log')
  await line.spoil('latency', { latency: 400 })
  const cancel = new AbortController()
  const result = expect(host.run(run, { ...nothing, signal: cancel.signal })).rejects.toThrow('enough')
  cancel.abort(new Error('enough'))
  await result
  await expect(host.run(run, nothing)).rejects.toMatchObject({ type: 'CHECK_FAILED' })
  expect(await textOf(join(run.work, 'log'))).toBe('')
})

test('a worker that is killed in the middle changes nothing: the next one adopts its script', async () => {
  const settings = { ...world.here, home: await newHome() }
  const run = await waiting()
  const code = `import { SshHost } from ${JSON.stringify(new URL('../../drivers/hosts/ssh/host.ts', import.meta.url).href)}
    import { SshPool } from ${JSON.stringify(new URL('../../drivers/hosts/ssh/pool.ts', import.meta.url).href)}
    await new SshHost(new SshPool(), ${JSON.stringify(settings)}).run(${JSON.stringify(run)}, { output() {} })`
  const worker = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], { stdio: ['ignore', 'ignore', 'inherit'] })
  await until(async () => await textOf(join(run.work, 'log')) !== '')
  worker.kill('SIGKILL')
  await new Promise((resolve) => worker.once('exit', resolve))
  await writeFile(join(run.work, 'go'), '')
  expect(await new SshHost(pool, settings).run(run, nothing)).toMatchObject({ exitCode: 0, stdout: 'begun\ndone\n' })
  expect(await textOf(join(run.work, 'log'))).toBe('started\n')
})

test('a script that kills every session of its host is followed to its end', async () => {
  const sessions = 'for p in /proc/[0-9]*; do [ "$(readlink $p/ns/net)" = "$(readlink /proc/self/ns/net)" ] || continue; case $(tr "\\0" " " < $p/cmdline 2>/dev/null) in "sshd: root@notty"*) kill -9 ${p#/proc/} ;; esac; done'
  expect(await on(web, `echo before; sleep 0.5; ${sessions}; echo after`, pool)).toBe('before\nafter\n')
})

test('a script that forks and hangs is stopped with everything in its session', async () => {
  const host = new SshHost(pool, { ...world.here, home: await newHome() })
  const run = await aRun('set -m; for n in 1 2 3; do (trap "" TERM; sleep 300 & echo $! >> $WORK/pids; wait) & done; sleep 0.2; echo hanging; while :; do sleep 1; done')
  const cancel = new AbortController()
  await expect(host.run(run, { output: () => { cancel.abort(new Error('enough')) }, signal: cancel.signal })).rejects.toThrow('enough')
  const pids = (await textOf(join(run.work, 'pids'))).trim().split('\n').map(Number)
  expect(pids).toHaveLength(3)
  for (const pid of pids) await until(async () => !await isAlive(pid))
})

test('a full disk is told with the machine\'s words, and nothing is begun', async () => {
  await on(web, 'mkdir -p /small; mountpoint -q /small || mount -t tmpfs -o size=256k tmpfs /small', pool)
  const host = new SshHost(pool, { ...web, home: '/small/releasectl' })
  await host.inspect('shop/r1')
  const big = await aRun(`echo ran > /tmp/full-disk; exit 0\n${'#'.repeat(400_000)}`)
  await expect(host.run(big, nothing)).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringMatching(/rlhost3 .*No space left on device/) as string })
  expect(await on(web, 'cat /tmp/full-disk 2> /dev/null || echo no', pool)).toBe('no\n')
  await expect(host.put(aFile('/small/app.jar', Buffer.alloc(400_000)))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringMatching(/writing \/small\/app.jar.*df: tmpfs +256 /) as string })
  expect(await on(web, 'ls /small', pool)).toBe('releasectl\n')
})

test('a script that fills the disk it is recorded on still has its own exit code', async () => {
  await on(web, 'mkdir -p /little; mountpoint -q /little || mount -t tmpfs -o size=256k tmpfs /little', pool)
  const run = await aRun('cat /dev/zero > /little/fill 2>/dev/null; echo lost; exit 7', { workDir: '/' })
  expect(await new SshHost(pool, { ...web, home: '/little/releasectl' }).run(run, nothing)).toMatchObject({ exitCode: 7 })
})

import { spawn } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { LocalHost } from '../../drivers/hosts/local.js'
import type { ServiceSpec } from '../../drivers/hosts/port.js'
import { onSmallDisk } from '../activities/full-disk.js'
import { aRun, isAlive, nothing, scriptContract, textOf, until } from './hosts.js'
import { fileContract } from './host-files.js'
import { serviceContract } from './services.js'

const newHome = async (): Promise<string> => mkdtemp(join(tmpdir(), 'releasectl-home-'))
const make = async (): Promise<LocalHost> => new LocalHost({ home: await newHome() })
scriptContract('LocalHost', make)
serviceContract('LocalHost', make)
fileContract('LocalHost', make)

/** Another process that calls `run` or `start` and can be killed. */
function caller(home: string, method: 'run' | 'start', argument: unknown): ReturnType<typeof spawn> {
  const code = `import { LocalHost } from ${JSON.stringify(new URL('../../drivers/hosts/local.ts', import.meta.url).href)}
    await new LocalHost({ home: ${JSON.stringify(home)} }).${method}(${JSON.stringify(argument)}, { output() {} })`
  return spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], { stdio: ['ignore', 'ignore', 'inherit'] })
}

test('a script whose caller is killed goes on, and the next caller gets its result', async () => {
  const home = await newHome()
  const run = await aRun('echo started >> $WORK/log; until [ -e $WORK/go ]; do sleep 0.02; done; echo done')
  const first = caller(home, 'run', run)
  await until(async () => await textOf(join(run.work, 'log')) !== '')
  first.kill('SIGKILL')
  await new Promise((resolve) => first.once('exit', resolve))
  await writeFile(join(run.work, 'go'), '')
  expect(await new LocalHost({ home }).run(run, nothing)).toMatchObject({ exitCode: 0, stdout: 'done\n' })
  expect(await textOf(join(run.work, 'log'))).toBe('started\n')
})

test('callers killed at any moment start a script once', async () => {
  const home = await newHome()
  const run = await aRun('echo started >> $WORK/log; sleep 1; echo done')
  for (const ms of [150, 200, 250, 300, 400]) {
    const killed = caller(home, 'run', run)
    await new Promise((resolve) => setTimeout(resolve, ms))
    killed.kill('SIGKILL')
    await new Promise((resolve) => killed.once('exit', resolve))
  }
  expect(await new LocalHost({ home }).run(run, nothing)).toMatchObject({ stdout: 'done\n' })
  expect(await textOf(join(run.work, 'log'))).toBe('started\n')
})

test('the time a script has counts from its start, not from the last caller', async () => {
  const home = await newHome()
  const run = await aRun('echo $$ > $WORK/pid; sleep 300')
  const first = caller(home, 'run', run)
  await until(async () => await textOf(join(run.work, 'pid')) !== '')
  first.kill('SIGKILL')
  const [directory = ''] = await readdir(join(home, 'runs'))
  await utimes(join(home, 'runs', directory, '1.claim'), new Date(), new Date(Date.now() - 3_600_000))
  await expect(new LocalHost({ home }).run({ ...run, timeoutMs: 1_800_000 }, nothing)).rejects.toMatchObject({ type: 'TIMED_OUT' })
  expect(await isAlive(Number(await textOf(join(run.work, 'pid'))))).toBe(false)
})

test('a script whose processes vanished is reported as unknown, never run again', async () => {
  const home = await newHome()
  const run = await aRun('echo $$ > $WORK/pid; sleep 300')
  const result = new LocalHost({ home }).run(run, nothing)
  const refused = expect(result).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('was cut off') as string })
  await until(async () => await textOf(join(run.work, 'pid')) !== '')
  const [directory = ''] = await readdir(join(home, 'runs'))
  const [launcher] = (await readFile(join(home, 'runs', directory, '1.claim'), 'utf8')).split('\n')
  process.kill(Number(launcher), 'SIGKILL')
  await refused
  await until(async () => !await isAlive(Number(await textOf(join(run.work, 'pid')))))
  await expect(new LocalHost({ home }).run(run, nothing)).rejects.toMatchObject({ type: 'CHECK_FAILED' })
})

test('another process that now has the pid is not taken for the script', async () => {
  const home = await newHome()
  const run = await aRun('echo done')
  await new LocalHost({ home }).run(run, nothing)
  const [directory = ''] = await readdir(join(home, 'runs'))
  const claim = join(home, 'runs', directory, '1.claim')
  await rm(join(home, 'runs', directory, '1.exit'))
  await writeFile(claim, `${process.pid}\n1\n0\n`) // this test's own pid, started at another time
  await expect(new LocalHost({ home }).run({ ...run, timeoutMs: 0 }, nothing)).rejects.toMatchObject({ type: 'CHECK_FAILED' })
})

test('records of runs go a week after their end', async () => {
  const home = await newHome()
  const [old, young] = [await aRun('echo old'), await aRun('echo young')]
  await new LocalHost({ home }).run(old, nothing)
  const [directory = ''] = await readdir(join(home, 'runs'))
  await until(async () => !await isAlive(Number((await readFile(join(home, 'runs', directory, '1.claim'), 'utf8')).split('\n')[0])))
  await utimes(join(home, 'runs', directory), new Date(), new Date(Date.now() - 8 * 86_400_000))
  await new LocalHost({ home }).run(young, nothing)
  expect(await readdir(join(home, 'runs'))).not.toContain(directory)
})

test('a service whose starter is killed is adopted', async () => {
  const home = await newHome()
  const spec = { key: 'shop/r1', command: [process.execPath, '-e', 'require("net").createServer().listen(process.env.PORT, "127.0.0.1")'], workDir: null, environment: {}, port: 0 }
  const host = new LocalHost({ home })
  const first = caller(home, 'start', spec)
  await until(async () => (await host.inspect(spec.key))?.running === true)
  first.kill('SIGKILL')
  const before = await host.inspect(spec.key)
  expect(await host.start(spec)).toMatchObject({ running: true, port: before?.port, startedAt: before?.startedAt })
  await host.stop(spec.key, 2000)
})

test('a retry takes another port when somebody else has taken the recorded one', async () => {
  const host = await make()
  const spec = { key: 'shop/r1', command: ['sleep', '300'], workDir: null, environment: {}, port: 0 }
  const { port } = await host.start(spec)
  await host.stop(spec.key, 2000)
  const squatter = createServer()
  await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve))
  const again = await host.start(spec)
  expect(again.port).not.toBe(port)
  await host.stop(spec.key, 2000)
  squatter.close()
})

const LOUD = `require('http').createServer((request, response) => { console.log(request.url + 'x'.repeat(request.url.startsWith('/lost') ? 60000 : 0)); response.end('logged') }).listen(process.env.PORT, '127.0.0.1')`
const aService = (): ServiceSpec => ({ key: `shop/${Math.random()}`, command: [process.execPath, '-e', LOUD], workDir: null, environment: {}, port: 0 })
const asked = async (port: number, path: string): Promise<string | null> => fetch(`http://127.0.0.1:${port}${path}`).then((response) => response.text(), () => null)

test('however little room a disk has, a service or a script is begun whole, or refused in the disk\'s words', async () => {
  await onSmallDisk(async (small, fill) => {
    const host = new LocalHost({ home: join(small, 'home') })
    const [spec, run] = [aService(), await aRun('echo ran >> $WORK/log')]
    const refused = { type: 'TARGET_REFUSED', nonRetryable: true, message: expect.stringMatching(/^this machine could not (start|run script) .*, whose record lies in .*\/home: ENOSPC: no space left on device/) as string }
    let refusals = 0
    for (let pages = 0; ; pages += 1) {
      await fill(pages)
      const begun: unknown = await host.start(spec).catch((error: unknown) => error)
      await fill(pages)
      const ran: unknown = await host.run(run, nothing).catch((error: unknown) => error)
      if (begun instanceof Error) expect([begun, await host.inspect(spec.key)]).toMatchObject([refused, null])
      if (ran instanceof Error) expect([ran, await textOf(join(run.work, 'log'))]).toMatchObject([refused, ''])
      if (!(begun instanceof Error) && !(ran instanceof Error)) break
      refusals += 1
    }
    expect(refusals).toBeGreaterThan(1)
    expect(await textOf(join(run.work, 'log'))).toBe('ran\n')
    await fill()
    await host.stop(spec.key, 2000)
    expect(await host.inspect(spec.key)).toMatchObject({ running: false, pid: null })
  })
})

test('a service whose log has no room goes on, what comes once there is room is logged, and on a full disk it can be stopped', async () => {
  await onSmallDisk(async (small, fill) => {
    const host = new LocalHost({ home: join(small, 'home') })
    const spec = aService()
    const { port } = await host.start(spec)
    await until(async () => await asked(port, '/first') !== null)
    await fill()
    for (let nth = 0; nth < 5; nth += 1) expect(await asked(port, `/lost-${nth}`)).toBe('logged')
    await rm(join(small, 'fill'))
    await until(async () => { await asked(port, '/after'); return (await host.tail(spec.key, 100_000)).includes('/after') })
    await fill()
    await host.stop(spec.key, 2000)
    expect(await host.inspect(spec.key)).toMatchObject({ running: false, pid: null })
    expect(await asked(port, '/')).toBeNull()
  })
})

test('a script that does not end in its time is stopped on a full disk as well', async () => {
  await onSmallDisk(async (small, fill) => {
    const host = new LocalHost({ home: join(small, 'home') })
    const run = await aRun('trap "" TERM; echo $$ > $WORK/pid; while :; do sleep 1; done', { timeoutMs: 1500 })
    const ended = expect(host.run(run, nothing)).rejects.toMatchObject({ type: 'TIMED_OUT' })
    await until(async () => await textOf(join(run.work, 'pid')) !== '')
    await fill()
    await ended
    expect(await isAlive(Number(await textOf(join(run.work, 'pid'))))).toBe(false)
  })
})

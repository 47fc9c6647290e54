import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { JobCall } from '../../activities/contract.js'
import type { JsonObject } from '../../domain/json.js'
import { isAlive, textOf, until } from '../contract/hosts.js'
import { killedInside } from './killed-inside.js'
import { callOf, kindWorld } from './kind-world.js'
import { standInSystemctl } from './stand-in-systemctl.js'

const clean: (() => Promise<unknown>)[] = []
afterEach(async () => { for (const undo of clean.splice(0)) await undo() })

const DEFAULTS = { type: 'systemd', environment: {}, port: 0, gracefulTimeout: '5s', forceKill: true, waitReady: false, readyTimeout: '3s', service: 'shop' }
async function machine(unit = 'sleep 300') {
  const home = await mkdtemp(join(tmpdir(), 'releasectl-home-'))
  const world = await kindWorld({}, { home })
  const systemctl = await standInSystemctl()
  await systemctl.unit('shop', unit)
  const job = (kind: 'start_service' | 'stop_service') => (config: JsonObject = {}): JobCall => callOf(kind, { ...DEFAULTS, environment: { PATH: systemctl.PATH }, ...config })
  const pid = async (): Promise<number> => Number(await textOf(join(systemctl.folder, 'shop.pid')))
  clean.push(async () => { const one = await pid(); if (one > 0 && await isAlive(one)) process.kill(one, 'SIGKILL') })
  return { world, home, systemctl, start: job('start_service'), stop: job('stop_service'), pid, runs: async () => { const one = await pid(); return one > 0 && await isAlive(one) } }
}

test('a unit is started and stopped; one that is as wanted is left alone', async () => {
  const { world, systemctl, start, stop, runs, pid } = await machine()
  expect((await world.execute(start())).message).toBe('unit shop was started')
  const first = await pid()
  expect((await world.execute(start({ waitReady: true }))).message).toBe('unit shop ran already')
  expect(await pid()).toBe(first)
  expect((await world.execute(stop())).outputs).toEqual({ service: 'unit shop', before: 'running', after: 'stopped' })
  expect(await runs()).toBe(false)
  expect((await world.execute(stop())).message).toBe('unit shop stood still already')
  expect((await readFile(join(systemctl.folder, 'calls'), 'utf8')).match(/^(?:start|stop) /gm)).toEqual(['start ', 'stop '])
})

test('taken back, a unit is in the state it was in', async () => {
  const { world, start, stop, runs } = await machine()
  const takeBack = async (call: JobCall): Promise<boolean> => {
    const snapshot = await world.snapshot(call)
    await world.execute(call)
    await world.rollback({ call, snapshot })
    return runs()
  }
  expect(await takeBack(start())).toBe(false)
  expect(await takeBack(stop())).toBe(false)
  await world.execute(start())
  expect(await takeBack(start())).toBe(true)
  expect(await takeBack(stop())).toBe(true)
})

test('a unit that does not stop in its time is killed, or the job fails where the plan forbids that', async () => {
  const { world, start, stop, runs } = await machine(`bash -c 'trap "" TERM; while :; do sleep 0.1; done'`)
  await world.execute(start())
  await expect(world.execute(stop({ gracefulTimeout: '1s', forceKill: false }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('it was still active after 1s') as string })
  expect(await runs()).toBe(true)
  await world.execute(stop({ gracefulTimeout: '1s' }))
  await until(async () => !await runs())
})

test('a unit that is not there, and one that does not start, are failures in systemctl\'s words', async () => {
  const { world, start } = await machine('/bin/false')
  await expect(world.execute(start())).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringMatching(/^starting unit shop ended with exit code 1: Job for shop\.service failed/) as string })
  await expect(world.execute(start({ service: 'nope' }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('there is no unit nope: not-found') as string })
})

test('ready is asked on the machine: over HTTP, TCP or by a command', async () => {
  const { world, start } = await machine()
  let asked = 0
  const server = createServer((_request, response) => { asked += 1; response.statusCode = asked < 3 ? 503 : 204; response.end() })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  clean.push(async () => { server.close() })
  const { port } = server.address() as AddressInfo
  const ready = (probe: JsonObject): JsonObject => ({ waitReady: true, readyTimeout: '20s', ready: { expectedStatus: 200, host: '127.0.0.1', ...probe } })
  expect((await world.execute(start(ready({ type: 'http', url: `http://127.0.0.1:${port}/health`, expectedStatus: 204 })))).message).toContain('unit shop')
  expect(asked).toBe(3)
  await world.execute(start(ready({ type: 'tcp', port })))
  await world.execute(start(ready({ type: 'command', command: 'test 1 = 1' })))
  await expect(world.execute(start({ ...ready({ type: 'command', command: 'echo still warming up; false' }), readyTimeout: '1s' }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('unit shop was started, but it was not ready within 1s: still warming up') as string })
  await expect(world.execute(start({ ...ready({ type: 'tcp', port: 1 }), readyTimeout: '1s' }))).rejects.toMatchObject({ message: expect.stringContaining('Connection refused') as string })
})

test('a process is started detached, kept over releases, and put back as it was', async () => {
  const { world, start, stop } = await machine()
  const folder = await mkdtemp(join(tmpdir(), 'releasectl-work-'))
  const told = (word: string): JsonObject => ({ type: 'process', environment: {}, command: ['/bin/bash', '-c', `echo ${word} $PORT >> ${folder}/log; exec sleep 300`], waitReady: true })
  clean.push(async () => world.execute(stop({ type: 'process', environment: {} })))
  await world.execute(start(told('old')))
  await until(async () => (await textOf(join(folder, 'log'))).includes('old')) // it runs before it has said its word
  const call = stop({ type: 'process', environment: {} })
  const snapshot = await world.snapshot(call)
  await world.execute(call)
  expect(await world.preview(start(told('new')))).toEqual([{ what: 'process shop', action: 'update', before: 'stopped', after: 'running' }])
  await world.execute(start(told('new')))
  await until(async () => (await textOf(join(folder, 'log'))).includes('new'))
  await world.execute(stop({ type: 'process', environment: {} }))
  await world.rollback({ call, snapshot })
  await until(async () => (await textOf(join(folder, 'log'))).split('\n').length === 4)
  expect((await textOf(join(folder, 'log'))).split('\n').map((line) => line.split(' ')[0])).toEqual(['old', 'new', 'old', ''])
})

test('a process that ends at once is a failure with its last words', async () => {
  const { world, start } = await machine()
  await expect(world.execute(start({ type: 'process', environment: {}, command: ['/bin/bash', '-c', 'echo no such table; exit 1'], waitReady: true, ready: { type: 'command', command: 'false', expectedStatus: 200, host: 'x' }, readyTimeout: '1s' })))
    .rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringMatching(/process shop was started, but it was not ready within 1s.*it said:\nno such table/s) as string })
})

test('commands of one\'s own start, stop and tell', async () => {
  const { world, start, stop } = await machine()
  const folder = await mkdtemp(join(tmpdir(), 'releasectl-work-'))
  const own = { type: 'command', environment: {}, startCommand: `touch ${folder}/up`, stopCommand: `rm ${folder}/up`, statusCommand: `[ -e ${folder}/up ]` }
  expect((await world.execute(start(own))).outputs).toMatchObject({ before: 'stopped' })
  const call = stop(own)
  const snapshot = await world.snapshot(call)
  await world.execute(call)
  expect(await textOf(join(folder, 'up'))).toBe('')
  await world.rollback({ call, snapshot })
  expect((await world.execute(start(own))).message).toBe('shop ran already')
})

test('a worker killed while a service stops: the next one waits for the same stop', async () => {
  const { world, home, systemctl, start, stop, runs } = await machine()
  await systemctl.unit('shop', `bash -c 'trap "until [ -e ${systemctl.folder}/go ]; do sleep 0.1; done; exit" TERM; while :; do sleep 0.1; done'`)
  await world.execute(start())
  const call = stop({ gracefulTimeout: '60s' })
  await killedInside({ home, part: 'execute', call }, async () => (await textOf(join(systemctl.folder, 'calls'))).includes('stop --no-block'))
  const again = world.execute(call, world.environment({ attempt: 2 }))
  await writeFile(join(systemctl.folder, 'go'), '')
  expect((await again).message).toBe('unit shop was stopped')
  expect(await runs()).toBe(false)
  expect((await textOf(join(systemctl.folder, 'calls'))).match(/^stop /gm)).toHaveLength(1)
})

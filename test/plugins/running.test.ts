import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { installPlugin } from '../../plugins/install.js'
import { until } from '../contract/hosts.js'
import { newHome, pluginCall, pluginFile, pluginWorld } from './plugin-world.js'

// Real processes: what a plugin does to itself must not reach the worker.
let home = ''
const install = async (name: string, parts: string): Promise<void> => { await installPlugin(home, await pluginFile(name, parts)) }
beforeAll(async () => { home = await newHome() })
const SECRET = { $late: [{ secret: 'env:TOKEN' }] }

test('a plugin is told of its job, its secrets and the bundle, and its answer is the job\'s; what it prints is in the log, without secrets', async () => {
  await install('tells', `async execute(config, context) {
    console.log('the secret is', config.secret); context.log('file: ' + await context.bundleFile('a.txt'))
    return { outputs: { config: { ...config, secret: config.secret.length }, job: context.job, key: context.idempotencyKey, target: context.target, replicas: context.variables.replicas }, message: 'said ' + config.secret, artifacts: [{ name: 'a', contentType: 'text/plain', text: 'b' }] } }`)
  const world = pluginWorld(home, { 'a.txt': 'from the bundle' })
  const call = pluginCall('tells', { n: 2, secret: SECRET }, { variables: { replicas: 3 } })
  expect(await world.execute(call)).toEqual({ outputs: { config: { n: 2, secret: 14 }, job: 'work', key: call.idempotencyKey, target: null, replicas: 3 }, message: 'said ***', artifacts: [{ name: 'a', contentType: 'text/plain', text: 'b' }] })
  expect(world.logs.text('stdout')).toBe('the secret is ***\n')
  expect(world.logs.text('info')).toBe('file: from the bundle\n')
})

test('it has nothing of the worker\'s environment', async () => {
  process.env['WORKERS_OWN'] = 'hidden'
  await install('curious', 'execute: async () => ({ outputs: { names: Object.keys(process.env).sort() } })')
  const { outputs } = await pluginWorld(home).execute(pluginCall('curious'))
  expect(outputs['names']).not.toContain('WORKERS_OWN')
  expect(outputs['names']).toContain('PATH')
})

test.each([
  ['throws', 'execute() { throw new Error("the shelf is empty") }', 'CHECK_FAILED', 'plugin throws: the shelf is empty'],
  ['refuses', 'async execute() { throw pluginFailure("TARGET_REFUSED", "it said no") }', 'TARGET_REFUSED', 'plugin refuses: it said no'],
  ['away', 'async execute() { throw pluginFailure("TARGET_UNREACHABLE", "no answer") }', 'TARGET_UNREACHABLE', 'plugin away: no answer'],
  ['pretends', 'async execute() { throw Object.assign(new Error("x"), { code: "UNAVAILABLE" }) }', 'CHECK_FAILED', 'plugin pretends: x'],
  ['throws-nothing', 'async execute() { throw null }', 'CHECK_FAILED', 'plugin throws-nothing: null'],
  ['exits', 'execute() { console.error("bye"); process.exit(3) }', 'CHECK_FAILED', /^plugin exits: execute ended \(exit code 3\) without an answer:\nbye$/],
  ['crashes', 'execute() { setTimeout(() => { throw new Error("later") }, 1); return new Promise(() => {}) }', 'CHECK_FAILED', /without an answer:[\s\S]*later/],
  ['kills', 'execute() { process.kill(process.pid, "SIGKILL"); return new Promise(() => {}) }', 'CHECK_FAILED', /ended \(SIGKILL\) without an answer/],
  ['number', 'execute: () => 7', 'CHECK_FAILED', 'plugin number: execute returned number, not { outputs, message }'],
  ['list', 'execute: () => [1]', 'CHECK_FAILED', /returned a list/],
  ['unknown', 'execute: () => ({ output: {} })', 'CHECK_FAILED', /returned output; known are outputs, message, artifacts/],
  ['words', 'execute: () => ({ outputs: "x" })', 'CHECK_FAILED', /outputs that are no map/],
  ['file', 'execute: () => ({ artifacts: [{ name: "x" }] })', 'CHECK_FAILED', /artifacts that are no list/],
  ['circle', 'execute() { const a = {}; a.a = a; return { outputs: a } }', 'CHECK_FAILED', /circle/],
  ['huge', 'execute: () => ({ outputs: { x: "x".repeat(300000) } })', 'CHECK_FAILED', /at most 262144/],
  ['picky', 'validate: ({ n }) => n > 5 ? [] : ["n must be over 5"], execute: () => ({})', 'CONFIG_INVALID', 'plugin picky: n must be over 5'],
])('a plugin that %s fails its job, and says so', async (name, parts, type, message) => {
  await install(name, parts)
  await expect(pluginWorld(home).execute(pluginCall(name, { n: 1 }))).rejects.toMatchObject({ type, message: typeof message === 'string' ? message : expect.stringMatching(message) as string })
})

test('one that blocks for ever is ended when its time is over, while the worker goes on', async () => {
  await install('hangs', 'execute() { for (;;); }')
  const { execute, environment } = pluginWorld(home)
  let turns = 0
  const ticking = setInterval(() => { turns += 1 }, 10)
  await expect(execute(pluginCall('hangs'), environment('plugin.hangs.execute', { startToCloseTimeoutMs: 3000 }))).rejects.toMatchObject({ type: 'TIMED_OUT', message: 'plugin hangs: execute did not end within 1500 ms, and was ended' })
  clearInterval(ticking)
  expect(turns).toBeGreaterThan(5)
})

test('a job that is stopped tells its plugin, and ends one that does not listen', async () => {
  await install('listens', 'execute: (config, { signal, log }) => { log("began"); return new Promise((_, no) => signal.addEventListener("abort", () => { log("tidied up"); no(signal.reason) })) }')
  await install('deaf', 'execute(config, { log }) { log("began"); return new Promise(() => { setInterval(() => {}, 1000) }) }')
  for (const name of ['listens', 'deaf']) {
    const { execute, environment, logs } = pluginWorld(home)
    const own = environment(`plugin.${name}.execute`)
    const stopped = expect(execute(pluginCall(name), own)).rejects.toThrow('CANCELLED')
    await until(() => logs.text('info').includes('began'))
    own.cancel()
    await stopped
    expect(logs.text('info').includes('tidied up')).toBe(name === 'listens')
  }
})

test('what one try knew, the next one finds', async () => {
  await install('remembers', 'execute(config, { heartbeat, heartbeatDetails }) { heartbeat({ at: 7 }); return { outputs: { before: heartbeatDetails } } }')
  const { execute, environment } = pluginWorld(home)
  const first = environment('plugin.remembers.execute')
  const beats: unknown[] = []
  first.on('heartbeat', (details: unknown) => { beats.push(details) })
  await execute(pluginCall('remembers'), first)
  expect(beats).toContainEqual({ at: 7 })
  expect((await execute(pluginCall('remembers'), environment('plugin.remembers.execute', { heartbeatDetails: { at: 7 } }))).outputs).toEqual({ before: { at: 7 } })
})

test('snapshot and rollback: what was there before reaches the undo', async () => {
  const file = join(await newHome(), 'counted')
  await install('counts', `snapshot: () => ({ was: 41 }), execute: () => ({}), rollback: async (config, { was }) => (await import('node:fs/promises')).writeFile(${JSON.stringify(file)}, String(was))`)
  const world = pluginWorld(home)
  const call = pluginCall('counts')
  await world.rollback(call, await world.snapshot(call))
  expect(await readFile(file, 'utf8')).toBe('41')
})

test('a config that does not fit once it is known is refused before the plugin runs', async () => {
  await install('typed', 'execute: () => ({})')
  await expect(pluginWorld(home).execute(pluginCall('typed', { n: 'many' }))).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: 'n: must be number' })
  await expect(pluginWorld(home).execute(pluginCall('typed', { nn: 1 }))).rejects.toMatchObject({ type: 'CONFIG_INVALID' })
})

test('a plugin that is not installed here, and another than the release was accepted with, do not run', async () => {
  await expect(pluginWorld(home).execute(pluginCall('missing'))).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: expect.stringContaining('plugin missing is not installed on this worker') as string })
  await install('moves', 'execute: () => ({}), rollback: () => {}')
  const call = pluginCall('moves', {}, { plugin: { name: 'moves', version: '0.9.0', integrity: 'sha512-other' } })
  await expect(pluginWorld(home).execute(call)).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: 'the release was accepted with plugin moves 0.9.0; installed here is 1.0.0: start it again' })
  await pluginWorld(home).rollback(call, null) // an undo by another version is better than none
})

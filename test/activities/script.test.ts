import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ActivityCancellationDetails } from '@temporalio/common'
import { expect, test } from 'vitest'
import { isAlive, textOf, until } from '../contract/hosts.js'
import { kindWorld, scriptCall } from './kind-world.js'

const newFolder = async (): Promise<string> => mkdtemp(join(tmpdir(), 'releasectl-work-'))
const SECRET = { $late: ['Bearer ', { secret: 'env:TOKEN' }] }

test('a script finds the release, the plan\'s variables and its own environment', async () => {
  const world = await kindWorld()
  const call = scriptCall('echo "$RELEASE_VERSION|$RELEASE_ENV|$RELEASE_USER|$replicas|$approvers|$tag|$RELEASECTL_IDEMPOTENCY_KEY"', { environment: { tag: 'job' } }, { variables: { replicas: 3, approvers: ['a', 'b'], tag: 'plan', 'not-a-name': 1 } })
  expect((await world.execute(call)).outputs).toEqual({ exitCode: 0, stdout: `2.4.0|production|ann|3|["a","b"]|job|${call.idempotencyKey}` })
  expect(world.logs.text('stdout')).toContain('2.4.0|production')
})

test('no value becomes code', async () => {
  const world = await kindWorld()
  const { outputs } = await world.execute(scriptCall('echo "$name"', {}, { variables: { name: '$(id); `id`' } }))
  expect(outputs['stdout']).toBe('$(id); `id`')
})

test('a script may be a file of the bundle', async () => {
  const world = await kindWorld()
  expect((await world.execute(scriptCall('./run_tests.sh'))).outputs['stdout']).toBe('from the bundle')
  await expect(world.execute(scriptCall('./missing.sh'))).rejects.toMatchObject({ type: 'CONFIG_INVALID' })
})

test('a script that says no fails with its exit code and last lines, without secrets', async () => {
  const world = await kindWorld()
  const call = scriptCall('echo "cannot use $auth" >&2; exit 7', { environment: { auth: SECRET } })
  await expect(world.execute(call)).rejects.toMatchObject({ type: 'CHECK_FAILED', message: 'the script ended with exit code 7:\ncannot use Bearer ***', nonRetryable: true })
})

test('a secret a script prints reaches neither its outputs nor the log, however it is cut', async () => {
  const world = await kindWorld()
  const call = scriptCall('printf hunter2; sleep 0.6; printf "hunter2 end\\n"; echo "token=$T" >> "$RELEASECTL_OUTPUT"', {}, { variables: { T: SECRET } })
  const result = await world.execute(call)
  expect(JSON.stringify(result)).not.toContain('hunter2')
  expect(result.outputs).toMatchObject({ token: 'Bearer ***', stdout: '*** end' })
  expect(world.logs.text('stdout')).toBe('*** end\n')
})

test.each([4090, 65_530])('a secret that lies across the end that is kept is not shown in half (%i bytes after it)', async (after) => {
  const world = await kindWorld()
  const result = await world.execute(scriptCall('printf "$T"; head -c "$after" /dev/zero | tr "\\0" x', {}, { variables: { T: { $late: [{ secret: 'env:TOKEN' }] }, after } }))
  expect(JSON.stringify(result).includes('r2x')).toBe(false)
})

test('a gigabyte of output leaves the log and the worker small, and the last words are told', async () => {
  const { execute, logs } = await kindWorld()
  const before = process.memoryUsage.rss()
  let most = 0
  const watch = setInterval(() => { most = Math.max(most, process.memoryUsage.rss() - before) }, 50)
  await expect(execute(scriptCall('head -c 1000000000 /dev/zero | tr "\\0" x; echo; echo no such table >&2; exit 4'))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringMatching(/exit code 4[^]*no such table/) as string })
  clearInterval(watch)
  expect(logs.text('stdout').length).toBeLessThan(32 * 1024 ** 2)
  expect(most).toBeLessThan(256 * 1024 ** 2)
})

test('a log store that is down does not hold a job up', async () => {
  const world = await kindWorld()
  world.logs.isDown = true
  expect((await world.execute(scriptCall('echo fine'))).outputs['stdout']).toBe('fine')
})

test('an output the plan counts on must be there', async () => {
  const world = await kindWorld()
  await expect(world.execute(scriptCall('echo "a=1" > "$RELEASECTL_OUTPUT"', { outputs: ['a', 'b'] }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('did not write b') as string })
})

test('a config that does not fit once it is known is refused by path', async () => {
  const world = await kindWorld()
  await expect(world.execute(scriptCall('true', { workDir: 7 }))).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: 'workDir: must be string' })
  await expect(world.execute(scriptCall('true', { workDir: { $late: [{ ref: 'jobs.a.outputs.b' }] } }))).rejects.toMatchObject({ message: 'jobs.a.outputs.b: is not known' })
  await expect(world.execute(scriptCall('true', { workDir: { $late: [{ secret: 'env:NONE' }] } }))).rejects.toMatchObject({ type: 'SECRET_MISSING' })
})

test('a script heartbeats while it is silent', async () => {
  const world = await kindWorld()
  const environment = world.environment()
  let beats = 0
  environment.on('heartbeat', () => { beats += 1 })
  await world.execute(scriptCall('sleep 1.2'), environment)
  expect(beats).toBeGreaterThanOrEqual(3)
})

test('a script over the job\'s time times out', async () => {
  const world = await kindWorld({ startToCloseTimeoutMs: 1000 })
  await expect(world.execute(scriptCall('sleep 60'))).rejects.toMatchObject({ type: 'TIMED_OUT' })
})

test('a job of a moment has that moment, not half of what Temporal gives the attempt', async () => {
  const world = await kindWorld({ startToCloseTimeoutMs: 30_400 })
  await expect(world.execute(scriptCall('sleep 60'))).rejects.toMatchObject({ type: 'TIMED_OUT', message: 'the script ran longer than 400ms and was stopped' })
})

test('a cancelled job\'s script is killed', async () => {
  const world = await kindWorld()
  const folder = await newFolder()
  const environment = world.environment()
  const result = world.execute(scriptCall(`echo $$ > ${folder}/pid; sleep 60`), environment)
  const refused = expect(result).rejects.toThrow('CANCELLED')
  await until(async () => await textOf(join(folder, 'pid')) !== '')
  environment.cancel()
  await refused
  expect(await isAlive(Number(await textOf(join(folder, 'pid'))))).toBe(false)
})

test('a worker that shuts down leaves the script running, and the next try adopts it and its log', async () => {
  const world = await kindWorld()
  const folder = await newFolder()
  const call = scriptCall(`echo started >> ${folder}/log; echo one; until [ -e ${folder}/go ]; do sleep 0.02; done; echo two`)
  const environment = world.environment()
  const first = expect(world.execute(call, environment)).rejects.toThrow('WORKER_SHUTDOWN')
  await until(() => world.logs.text('stdout') !== '')
  environment.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }))
  await first
  const second = world.execute(call, world.environment({ attempt: 2 }))
  await writeFile(join(folder, 'go'), '')
  expect((await second).outputs['stdout']).toBe('one\ntwo')
  expect(await textOf(join(folder, 'log'))).toBe('started\n')
  expect(world.logs.text('stdout')).toBe('one\ntwo\n')
})

test('taking back runs the rollback script once a try, and again when a person asks again', async () => {
  const world = await kindWorld()
  const folder = await newFolder()
  const call = scriptCall('true', { rollbackScript: `echo undone >> ${folder}/log` })
  await world.rollback({ call, snapshot: null }, world.environment({ activityId: '5' }))
  await world.rollback({ call, snapshot: null }, world.environment({ activityId: '5', attempt: 2 }))
  expect(await textOf(join(folder, 'log'))).toBe('undone\n')
  await world.rollback({ call, snapshot: null }, world.environment({ activityId: '9' }))
  expect(await textOf(join(folder, 'log'))).toBe('undone\nundone\n')
})

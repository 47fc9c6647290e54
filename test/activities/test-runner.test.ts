import { chmod, mkdir, mkdtemp, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ActivityCancellationDetails } from '@temporalio/common'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../domain/json.js'
import { textOf, until } from '../contract/hosts.js'
import { callOf, kindWorld } from './kind-world.js'

const suite = (...tests: string[]): string => `<testsuite name="s">${tests.join('')}</testsuite>`
const GOOD = '<testcase classname="pay" name="card" time="0.5"/>'
const BAD = '<testcase classname="pay" name="bank"><failure message="declined"/></testcase>'
const SKIPPED = '<testcase name="cash"><skipped/></testcase>'
const runner = (config: JsonObject) => callOf('test-runner', { interpreter: '/bin/bash', showFailures: 10, ...config })
const folder = async (): Promise<string> => mkdtemp(join(tmpdir(), 'releasectl-tests-'))

test('a command\'s reports become numbers, and pass', async () => {
  const world = await kindWorld({}, { files: { 'tests/data/suite.xml': suite(GOOD, GOOD, SKIPPED) } })
  const result = await world.execute(runner({ files: ['./tests/data'], command: 'mkdir reports; cp tests/data/suite.xml reports/a.xml; printf "1..1\\nok 1\\n" > b.tap' }))
  expect(result).toMatchObject({ message: '3 of 3 tests passed, 1 skipped', artifacts: [] })
  expect(result.outputs).toEqual({ passed: 3, failed: 0, skipped: 1, total: 4, durationMs: 1000, failures: [], reports: ['b.tap', 'reports/a.xml'] })
})

test('a failed test fails the job by its name, and the log has them all', async () => {
  const world = await kindWorld({}, { files: { 'r.xml': suite(GOOD, BAD) } })
  await expect(world.execute(runner({ files: ['r.xml'], command: 'touch r.xml; exit 1' }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: '1 of 2 tests passed, 1 failed; none may fail\n- pay › bank: declined' })
  expect(world.logs.text('info')).toBe('1 of 2 tests passed, 1 failed\nfailed: pay › bank: declined\n')
})

test('as many may fail as the plan says', async () => {
  const world = await kindWorld({}, { files: { 'r.xml': suite(GOOD, GOOD, BAD) } })
  const run = (limits: JsonObject) => world.execute(runner({ files: ['r.xml'], command: 'touch r.xml; exit 1', ...limits }))
  expect((await run({ maxFailures: 1 })).artifacts).toEqual([{ name: 'failed-tests', contentType: 'text/plain', text: 'failed: pay › bank: declined\n' }])
  expect((await run({ minPassRate: 66 })).outputs).toMatchObject({ failed: 1, failures: [{ name: 'pay › bank', message: 'declined' }] })
  await expect(run({ minPassRate: 70 })).rejects.toThrow('66.7 % passed, under 70 %')
  await expect(run({ minPassRate: 10, maxFailures: 0 })).rejects.toThrow('none may fail')
})

test.each([
  ['no test ran', suite(SKIPPED), 'exit 0', 'no test ran'], ['the report is cut off', '<testsuite><testcase', 'exit 0', 'report r.xml: not whole XML'],
  ['the command fails though every test passed', suite(GOOD), 'echo teardown broke >&2; exit 3', 'but the command ended with exit code 3:\nteardown broke'],
])('it fails when %s', async (_what, report, command, why) => {
  const world = await kindWorld({}, { files: { 'r.xml': report } })
  await expect(world.execute(runner({ files: ['r.xml'], command: `touch r.xml; ${command}` }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining(why) as string })
})

test('it fails when there is no report, with the command\'s last words', async () => {
  const world = await kindWorld()
  await expect(world.execute(runner({ command: 'echo cannot compile >&2; exit 2', reports: 'out/*.xml' }))).rejects.toThrow(/^no report: nothing new at out\/\*\.xml in .*exit code 2:\ncannot compile$/s)
})

test('a report of an earlier run does not count', async () => {
  const world = await kindWorld()
  const workDir = await folder()
  await writeFile(join(workDir, 'old.xml'), suite(GOOD))
  await utimes(join(workDir, 'old.xml'), 1000, 1000)
  await expect(world.execute(runner({ workDir, command: 'true' }))).rejects.toThrow('no report')
  await expect(world.execute(runner({ workDir, reports: ['*.xml'] }))).resolves.toMatchObject({ outputs: { passed: 1, reports: ['old.xml'] } })
})

test('TAP that is only printed counts', async () => {
  const world = await kindWorld()
  await expect(world.execute(runner({ command: 'echo 1..2; echo ok 1; echo not ok 2 - till' }))).rejects.toThrow('1 of 2 tests passed, 1 failed; none may fail\n- till')
})

test('specification 0: a suite by its name is the bundle\'s file, else the machine\'s program, else an error', async () => {
  const bundle = await kindWorld({}, { files: { 'tests/payment-api-tests.sh': 'echo 1..1; echo "ok 1 - $TEST_SUITE in $TEST_ENVIRONMENT"; [ "$TEST_ENVIRONMENT" = production ]' } })
  const written = { testSuite: 'payment-api-tests', environment: 'production' }
  expect((await bundle.execute(runner(written))).outputs).toMatchObject({ passed: 1, reports: ['stdout'] })
  const machine = await kindWorld()
  await expect(machine.execute(runner(written))).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: expect.stringMatching(/^test suite payment-api-tests: the machine has no such program/) as string })
  const programs = await folder()
  await writeFile(join(programs, 'payment-api-tests'), '#!/bin/sh\necho 1..1; echo ok 1\n')
  await chmod(join(programs, 'payment-api-tests'), 0o755)
  expect((await machine.execute(runner({ testSuite: 'payment-api-tests', environment: { PATH: `${programs}:${process.env['PATH'] ?? ''}` } }))).outputs).toMatchObject({ passed: 1 })
})

test('a report of megabytes is read whole, and no name in it is code', async () => {
  const world = await kindWorld()
  const workDir = await folder()
  await mkdir(join(workDir, 'a $(touch x) b'))
  await writeFile(join(workDir, 'a $(touch x) b', 'big.xml'), suite(...Array.from({ length: 40_000 }, (_, n) => `<testcase classname="some.long.package.name.Class${n}" name="a test with a long name ${n}" time="0.001"/>`)))
  const { outputs } = await world.execute(runner({ workDir, reports: ['a*/*.xml'] }))
  expect(outputs).toMatchObject({ passed: 40_000, durationMs: 40_000, reports: ['a $(touch x) b/big.xml'] })
})

test('a worker killed in the tests: the next try adopts them and runs nothing twice', async () => {
  const world = await kindWorld()
  const place = await folder()
  const call = runner({ command: `echo run >> ${place}/log; until [ -e ${place}/go ]; do sleep 0.02; done; echo 1..1; echo ok 1` })
  const environment = world.environment()
  const first = expect(world.execute(call, environment)).rejects.toThrow('WORKER_SHUTDOWN')
  await until(async () => await textOf(join(place, 'log')) !== '')
  environment.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }))
  await first
  const second = world.execute(call, world.environment({ attempt: 2 }))
  await writeFile(join(place, 'go'), '')
  expect((await second).outputs).toMatchObject({ passed: 1 })
  expect(await textOf(join(place, 'log'))).toBe('run\n')
})

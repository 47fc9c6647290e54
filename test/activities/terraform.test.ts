import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ActivityCancellationDetails } from '@temporalio/common'
import { beforeAll, expect, test } from 'vitest'
import { applyCommand, changesOf, initCommand, outputsOf, planCommand, workspaceCommand } from '../../activities/tools/terraform.js'
import type { JsonObject } from '../../domain/json.js'
import { textOf, until } from '../contract/hosts.js'
import { INSTALL_TIMEOUT_MS } from '../testbed/component.js'
import { withTools } from '../support/tools.js'
import { onSmallDisk } from './full-disk.js'
import { callOf, kindWorld, SECRETS } from './kind-world.js'

// Real OpenTofu; terraform_data is the one resource that needs no provider.
let PATH = ''
beforeAll(async () => { PATH = await withTools('tools', 'tofu') }, INSTALL_TIMEOUT_MS)
SECRETS['env:DB_PASSWORD'] = 'pa55word$with"quotes'

const MAIN = `
variable "size" { type = number }
variable "password" {
  type      = string
  sensitive = true
  default   = ""
}
resource "terraform_data" "server" { input = var.size }
output "size" { value = terraform_data.server.output }
output "password" {
  value     = var.password
  sensitive = true
}
`
const MORE = `${MAIN}\nresource "terraform_data" "disk" { input = "new" }\n`
const SLOW = `${MAIN}\nresource "terraform_data" "slow" {\n  input = 1\n  provisioner "local-exec" { command = "echo run >> $MARK; until [ -e $MARK.go ]; do sleep 0.05; done" }\n}\n`
const folder = async (): Promise<string> => mkdtemp(join(tmpdir(), 'releasectl-infra-'))
const job = (config: JsonObject) => callOf('terraform', { source: './infra', tool: 'tofu', variables: { size: 1 }, varFiles: [], backendConfig: {}, lockTimeout: '0s', environment: { PATH }, rollback: 'previous', ...config })
const world = (text: string, more: Record<string, string> = {}) => kindWorld({}, { files: { 'infra/main.tf': text, ...more } })

/** What the state says of the real resources. */
async function stateOf(workDir: string): Promise<Record<string, unknown>> {
  const state = JSON.parse(await readFile(join(workDir, 'terraform.tfstate'), 'utf8')) as { resources: { name: string; instances: { attributes: { input: { value: unknown } } }[] }[] }
  return Object.fromEntries(state.resources.map(({ name, instances }) => [name, instances[0]?.attributes.input.value]))
}

test('what was planned is applied; outputs are the job\'s, sensitive ones by name only; again it changes nothing', async () => {
  const { execute, logs, preview } = await world(MAIN)
  const workDir = await folder()
  const call = job({ workDir, variables: { size: 3, password: { $late: [{ secret: 'env:DB_PASSWORD' }] } } })
  expect(await preview(call)).toEqual([{ what: 'terraform_data.server', action: 'create', before: null, after: 'new' }])
  expect(await execute(call)).toEqual({ outputs: { size: 3, password: '(sensitive)', resources: { added: 1, changed: 0, destroyed: 0 } }, message: '1 added, 0 changed, 0 destroyed', artifacts: [] })
  expect(await stateOf(workDir)).toEqual({ server: 3 })
  expect(logs.text('stderr')).toContain('terraform_data.server: Creation complete')
  expect(logs.text('stderr')).not.toContain('pa55word')
  const again = { ...call, idempotencyKey: `${call.idempotencyKey}/again` }
  expect(await execute(again)).toMatchObject({ message: '0 added, 0 changed, 0 destroyed' })
  expect(await preview({ ...again, config: { ...call.config, variables: { size: 4 } } })).toMatchObject([{ what: 'terraform_data.server', action: 'update', after: 'changed: input, output' }])
  expect((await stat(join(workDir, '.releasectl', 'applied', 'variables.tfvars.json'))).mode & 0o77).toBe(0)
})

test('taken back: what was there before is applied again, with its own configuration and variables', async () => {
  const workDir = await folder()
  const first = await world(MAIN, { 'infra/old.tf': '# only of the first version\n' })
  await first.execute(job({ workDir, variables: { size: 1 } }))
  const second = await world(MORE)
  const call = job({ workDir, variables: { size: 2 } })
  const before = await second.snapshot(call)
  await second.execute(call)
  expect(await stateOf(workDir)).toEqual({ disk: 'new', server: 2 })
  expect(await readdir(workDir)).not.toContain('old.tf')
  for (const activityId of ['1', '2']) await second.rollback({ call, snapshot: before }, second.environment({ activityId }))
  expect(await stateOf(workDir)).toEqual({ server: 1 })
  expect(await readdir(workDir)).toContain('old.tf')
})

test('taken back: what the release made from nothing is destroyed, even after half an apply', async () => {
  const workDir = await folder()
  const { execute, snapshot, rollback } = await world(`${MAIN}\nresource "terraform_data" "bad" {\n  depends_on = [terraform_data.server]\n  input = 1\n  provisioner "local-exec" { command = "exit 9" }\n}\n`)
  const call = job({ workDir })
  const before = await snapshot(call)
  await expect(execute(call)).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringMatching(/^terraform apply failed:[\s\S]*exit status 9/) as string })
  expect(await stateOf(workDir)).toHaveProperty('server')
  await rollback({ call, snapshot: before })
  expect(await stateOf(workDir)).toEqual({})
})

test('what was applied by others before is not guessed at', async () => {
  const workDir = await folder()
  await (await world(MAIN)).execute(job({ workDir }))
  await rm(join(workDir, '.releasectl'), { recursive: true })
  const { snapshot, rollback } = await world(MORE)
  const call = job({ workDir, variables: { size: 2 } })
  await expect(rollback({ call, snapshot: await snapshot(call) })).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('the state held 1 resources before') as string })
})

test('a worker killed in the apply: the next try adopts it, and nothing is applied twice', async () => {
  const workDir = await folder()
  const mark = join(await folder(), 'mark')
  const { execute, environment } = await world(SLOW)
  const call = job({ workDir, environment: { PATH, MARK: mark } })
  const first = environment()
  const cut = expect(execute(call, first)).rejects.toThrow('WORKER_SHUTDOWN')
  await until(async () => await textOf(mark) !== '')
  first.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }))
  await cut
  const second = execute(call, environment({ attempt: 2 }))
  await writeFile(`${mark}.go`, '')
  expect(await second).toMatchObject({ outputs: { resources: { added: 2 } } })
  expect(await textOf(mark)).toBe('run\n')
})

test('a locked state is waited for as long as the plan says, then refused with who holds it', async () => {
  const workDir = await folder()
  const mark = join(await folder(), 'mark')
  const { execute } = await world(SLOW)
  const holder = execute(job({ workDir: await withFiles(workDir, SLOW), environment: { PATH, MARK: mark } }))
  await until(async () => await textOf(mark) !== '')
  const other = await folder()
  const elsewhere = MAIN.replace('variable', `terraform {\n  backend "local" { path = "${workDir}/terraform.tfstate" }\n}\nvariable`)
  const { execute: wait } = await world(elsewhere)
  await expect(wait(job({ workDir: other }))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringMatching(/^the state is locked by somebody else, for longer than 0s:/) as string })
  await writeFile(`${mark}.go`, '')
  await holder
})

test.each([
  ['no such folder', () => job({ source: './none', workDir: '/tmp' }), 'CONFIG_INVALID', 'the bundle has no folder ./none'],
  ['a state nobody would find again', () => job({}), 'CONFIG_INVALID', './infra names no backend'],
  ['no such program', () => job({ tool: 'no-such-tool', workDir: join(tmpdir(), 'releasectl-none') }), 'CONFIG_INVALID', 'no-such-tool: not found'],
])('%s is a config that is not right', async (_what, call, type, message) => {
  await expect((await world(MAIN)).execute(call())).rejects.toMatchObject({ type, message: expect.stringContaining(message) as string })
})

test('a full disk fails in its own words, and so does the undo until there is room; the state is as it was', async () => {
  await onSmallDisk(async (small, fill) => {
    const workDir = join(small, 'infra')
    await (await world(MAIN)).execute(job({ workDir }))
    const { execute, snapshot, rollback, environment } = await world(MORE)
    const call = job({ workDir, variables: { size: 2 } })
    const before = await snapshot(call)
    await fill()
    const full = { type: 'CHECK_FAILED', message: expect.stringMatching(/^terraform [a-z ]+ failed:[\s\S]*no space left on device/i) as string }
    await expect(execute(call)).rejects.toMatchObject(full)
    await expect(rollback({ call, snapshot: before }, environment({ activityId: '1' }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringMatching(/no space left on device/i) as string })
    await rm(join(small, 'fill'))
    await rollback({ call, snapshot: before }, environment({ activityId: '2' }))
    expect(await stateOf(workDir)).toEqual({ server: 1 })
  })
})

test('a disk that is full before the state is saved: what was made is in no state, so the undo and the next apply refuse and say what to do', async () => {
  await onSmallDisk(async (small) => {
    const workDir = join(small, 'infra')
    const { execute, snapshot, rollback, logs } = await world('resource "terraform_data" "fills" {\n  input = "of-the-state"\n  provisioner "local-exec" { command = "cat /dev/zero > fill || true" }\n}\n')
    const call = job({ workDir, variables: {} })
    const before = await snapshot(call)
    await expect(execute(call)).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringMatching(/^terraform apply failed:[\s\S]*no space left on device/) as string })
    expect(logs.text('stderr')).toContain('the state as JSON is left out here')
    expect(logs.text('stderr')).not.toContain('"value":"of-the-state"')
    await rm(join(workDir, 'fill'))
    const unsaved = { type: 'TARGET_REFUSED', message: expect.stringMatching(/^an apply before could not save its state: .* Push \/.*\/infra\/errored\.tfstate /) as string }
    await expect(rollback({ call, snapshot: before })).rejects.toMatchObject(unsaved)
    await expect(execute({ ...call, idempotencyKey: `${call.idempotencyKey}/again` })).rejects.toMatchObject(unsaved)
  })
})

test('a configuration that is wrong says where', async () => {
  await expect((await world('resource "x" {')).execute(job({ workDir: await folder() }))).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringMatching(/^terraform init failed:[\s\S]*main\.tf/) as string })
})

test('the commands are these', () => {
  const run = { temp: '/t', workspace: 'blue', varFiles: ['prod.tfvars'], lockTimeout: '90s', hasBackendConfig: true }
  expect(initCommand(run)).toEqual(['init', '-input=false', '-no-color', '-reconfigure', '-backend-config=/t/backend.tfbackend'])
  expect(workspaceCommand('blue')).toEqual(['workspace', 'select', '-no-color', '-or-create=true', 'blue'])
  expect(planCommand(run)).toEqual(['plan', '-input=false', '-no-color', '-detailed-exitcode', '-lock-timeout=90s', '-out=/t/plan', '-var-file=prod.tfvars', '-var-file=/t/variables.tfvars.json'])
  expect(planCommand({ ...run, varFiles: [] }, true).at(-1)).toBe('-destroy')
  expect(applyCommand(run)).toEqual(['apply', '-input=false', '-no-color', '-lock-timeout=90s', '/t/plan'])
})

test('a plan tells names of attributes, never a value', () => {
  const change = (address: string, actions: string[], before: unknown, after: unknown) => ({ address, change: { actions, before, after } })
  expect(changesOf(JSON.stringify({ resource_changes: [change('a', ['no-op'], {}, {}), change('b', ['delete', 'create'], { p: 's3cret', q: 1 }, { p: 'n3w', q: 1 }), change('c', ['delete'], {}, null)] }))).toEqual([
    { what: 'b', action: 'update', before: 'in the state', after: 'made anew: p' }, { what: 'c', action: 'delete', before: 'in the state', after: null },
  ])
  expect(outputsOf('{"a":{"sensitive":true,"value":"s3cret"},"b":{"value":[1]}}')).toEqual({ a: '(sensitive)', b: [1] })
})

async function withFiles(workDir: string, text: string): Promise<string> {
  await writeFile(join(workDir, 'main.tf'), text)
  return workDir
}

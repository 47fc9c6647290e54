import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { pack, type Header } from 'tar-stream'
import { ApiWorld } from './api-world.js'
import { scriptPlan } from './plans-as-text.js'

const world = await ApiWorld.open()
afterAll(async () => { await world.close() })

type Part = Partial<Header> & { name: string; text?: string | Buffer }
async function tar(...parts: Part[]): Promise<Buffer> {
  const archive = pack()
  for (const { text = '', ...header } of parts) archive.entry(header, text)
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
const upload = async (body: Buffer, query = '', type = 'application/gzip'): Promise<{ status: number; json: { digest: string; detail: string; files: { path: string }[] } }> => {
  const answer = await world.ask('deployer', 'POST', `/bundles${query}`, body, { 'content-type': type })
  return { status: answer.statusCode, json: answer.json() }
}

test('a stored plan has versions; the same again is no new one', async () => {
  const save = (version: string): ReturnType<ApiWorld['ask']> => world.ask('deployer', 'POST', '/plans', { planText: scriptPlan('shop', { version }), comment: `v${version}` })
  const [one, same, two] = [await save('1.0.0'), await save('1.0.0'), await save('2.0.0')]
  expect([one, same, two].map((answer) => [answer.statusCode, answer.json<{ version: number }>().version])).toEqual([[201, 1], [200, 1], [201, 2]])
  expect(one.headers.location).toBe('/plans/shop')
  expect((await world.ask('viewer', 'GET', '/plans')).json()).toMatchObject({ items: [{ name: 'shop', version: 2, createdBy: 'deployer' }] })
  const first = (await world.ask('viewer', 'GET', '/plans/shop?version=1')).json<{ entry: string; files: Record<string, string>; versions: unknown[] }>()
  expect([first.files[first.entry], first.versions.length]).toEqual([scriptPlan('shop', { version: '1.0.0' }), 2])
  const release = await world.ask('deployer', 'POST', '/releases', { project: 'shop', environment: 'prod', plan: { name: 'shop', version: 1 } })
  expect(release.json()).toMatchObject({ version: '1.0.0', planVersion: 1, planName: 'shop', status: 'accepted' })
})

test('a deleted plan starts nothing more, and its numbers are not used again', async () => {
  await world.ask('deployer', 'POST', '/plans', { planText: scriptPlan('gone') })
  expect((await world.ask('deployer', 'DELETE', '/plans/gone')).statusCode).toBe(204)
  expect((await world.ask('deployer', 'DELETE', '/plans/gone')).statusCode).toBe(404)
  expect((await world.ask('viewer', 'GET', '/plans/gone')).statusCode).toBe(404)
  expect((await world.ask('deployer', 'POST', '/releases', { project: 'a', environment: 'b', plan: { name: 'gone' } })).statusCode).toBe(404)
  expect((await world.ask('deployer', 'POST', '/plans', { planText: scriptPlan('gone') })).json()).toMatchObject({ version: 2 })
})

test('versions saved at once get a number each', async () => {
  const answers = await Promise.all(['1', '2', '3', '4', '5'].map((version) => world.ask('deployer', 'POST', '/plans', { planText: scriptPlan('busy', { version: `${version}.0.0` }) })))
  expect(answers.map((answer) => answer.json<{ version: number }>().version).sort()).toEqual([1, 2, 3, 4, 5])
})

test('a plan is checked without being stored, with its variables and its environment', async () => {
  const planText = `${scriptPlan('checked')}variables:\n  size: { type: number }\n`
  const check = async (more: object): Promise<unknown> => (await world.ask('viewer', 'POST', '/plans/validate', { planText, ...more })).json()
  expect(await check({ variables: { size: 3 } })).toMatchObject({ valid: true, name: 'checked' })
  expect(await check({ variables: { size: 'big' } })).toMatchObject({ valid: false, issues: [{ code: 'VARIABLE_INVALID' }] })
  expect((await world.ask('viewer', 'POST', '/plans/explain', { planText, variables: { size: 3 } })).json()).toMatchObject({ name: 'checked', stages: [{ name: 'ship', jobs: [{ name: 'upload', kind: 'script' }] }], text: expect.stringContaining('checked') as unknown })
  expect((await world.ask('viewer', 'POST', '/plans/explain', { planText: 'a: 1' })).json()).toMatchObject({ status: 422, code: 'PLAN_INVALID' })
  expect((await world.ask('viewer', 'GET', '/plans/checked')).statusCode).toBe(404)
  await world.ask('deployer', 'POST', '/plans', { planText: scriptPlan('stored') })
  expect((await world.ask('viewer', 'POST', '/plans/stored/validate', { environment: 'prod' })).json()).toMatchObject({ valid: true, name: 'stored' })
  expect((await world.ask('viewer', 'POST', '/plans/stored/validate')).json()).toMatchObject({ valid: true })
})

test('a bundle is the same by JSON and by tar, and is what a release runs', async () => {
  const files = { 'plan.yaml': scriptPlan('packed'), 'scripts/up.sh': 'echo up\n' }
  const json = (await world.ask('deployer', 'POST', '/bundles', { entry: 'plan.yaml', files })).json<{ digest: string }>()
  const parts = [{ name: './', type: 'directory' as const }, ...Object.entries(files).map(([name, text]) => ({ name: `./${name}`, text }))]
  const zipped = await upload(gzipSync(await tar(...parts)))
  const plain = await upload(await tar(...parts), '?entry=plan.yaml', 'application/x-tar')
  expect([zipped.json.digest, plain.json.digest]).toEqual([json.digest, json.digest])
  expect(zipped.json.files.map(({ path }) => path)).toEqual(['plan.yaml', 'scripts/up.sh'])
  expect((await world.ask('viewer', 'GET', `/bundles/${json.digest}`)).json()).toMatchObject({ entry: 'plan.yaml', digest: json.digest })
  const stored = await world.database.bundle.findFirstOrThrow({ where: { digest: json.digest } })
  expect(stored.sealed).not.toContain('echo')
  expect((await world.ask('deployer', 'POST', '/releases', { project: 'a', environment: 'b', bundle: json.digest })).json()).toMatchObject({ planName: 'packed', bundle: json.digest })
  await world.addToken({ name: 'elsewhere', role: 'admin', tenant: 'other' })
  expect((await world.ask('elsewhere', 'GET', `/bundles/${json.digest}`)).statusCode).toBe(404)
})

const plan = { name: 'plan.yaml', text: 'a: 1' }
const BAD: [what: string, body: () => Promise<Buffer>, says: string][] = [
  ['a link', () => tar(plan, { name: 'x', type: 'symlink', linkname: '/etc/passwd' }), 'x is a symlink'],
  ['a hard link', () => tar(plan, { name: 'x', type: 'link', linkname: 'plan.yaml' }), 'x is a link'],
  ['a device', () => tar(plan, { name: 'x', type: 'character-device' }), 'character-device'],
  ['a path out of it', () => tar(plan, { name: 'a/../../x', text: '1' }), '"a/../../x" is not a path inside'],
  ['an absolute path', () => tar(plan, { name: '/etc/cron', text: '1' }), '"/etc/cron" is not a path inside'],
  ['a Windows path', () => tar(plan, { name: 'a\\b', text: '1' }), 'is not a path inside'],
  ['bytes that are no text', () => tar(plan, { name: 'logo.png', text: Buffer.from([0xff, 0xfe, 0x00]) }), 'logo.png is not UTF-8'],
  ['more files than the most', () => tar(plan, ...Array.from({ length: 1001 }, (_, n) => ({ name: `f${n}`, text: '' }))), 'at most 1000'],
  ['a file over the limit', () => tar(plan, { name: 'big', text: 'x'.repeat(5 * 1024 * 1024 + 1) }), 'at most 5242880'],
  ['no plan', () => tar({ name: 'readme.md', text: 'x' }), 'which file is the plan'],
  ['no archive', async () => Buffer.from('hello'.repeat(300)), 'not a whole tar archive'],
]
test.each(BAD)('an archive with %s is refused', async (_what, body, says) => {
  const { status, json } = await upload(gzipSync(await body()))
  expect([400, 413]).toContain(status)
  expect(json.detail).toContain(says)
})

test('an archive that unpacks without end is refused', async () => {
  const { status, json } = await upload(gzipSync(Buffer.alloc(20 * 1024 * 1024)))
  expect([status, json.detail]).toEqual([413, expect.stringContaining('unpacks to more than')])
})

test('a cut-off archive is refused', async () => {
  const whole = gzipSync(await tar(plan))
  expect((await upload(whole.subarray(0, whole.length - 20))).json.detail).toContain('does not unpack')
})

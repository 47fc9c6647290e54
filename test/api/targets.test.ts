import { afterAll, expect, test } from 'vitest'
import { AWAY_AFTER_MS } from '../../domain/target.js'
import { InstallationStore } from '../../store/installations.js'
import { TargetStore } from '../../store/targets.js'
import { ApiWorld } from './api-world.js'

const world = await ApiWorld.open()
afterAll(async () => { await world.close() })
const targets = new TargetStore(world.database)
interface Row { id: string; name: string; status: string; config: { ssh?: { host: string; key?: unknown } } }

const post = async <Answer>(url: string, body: object): Promise<Answer & { code?: string; detail?: string }> => (await world.ask('deployer', 'POST', url, body)).json()
/** A project with one environment. @returns the environment's id */
async function place(project: string, environment = 'production'): Promise<string> {
  await post('/projects', { name: project, type: 'script' })
  return (await post<{ id: string }>(`/projects/${project}/environments`, { name: environment })).id
}
const names = async (query: string): Promise<string[]> => (await world.ask('viewer', 'GET', `/targets${query}`)).json<{ items: Row[] }>().items.map(({ name }) => name)

test('projects, environments and targets are made, changed, listed and deleted, innermost first', async () => {
  const environment = await place('shop')
  const target = await post<Row>(`/environments/${environment}/targets`, { name: 'web-1', type: 'host', host: '10.0.0.1', labels: { role: 'web' }, priority: 3 })
  expect(target).toMatchObject({ name: 'web-1', via: 'direct', status: 'unknown', project: 'shop', environment: 'production', config: { ssh: { host: '10.0.0.1', port: 22 } } })
  expect((await world.ask('deployer', 'PUT', `/targets/${target.id}`, { labels: { role: 'db' } })).json()).toMatchObject({ labels: { role: 'db' }, priority: 3, host: '10.0.0.1' })
  expect((await world.ask('deployer', 'PUT', '/projects/shop', { description: 'Checkout' })).json()).toMatchObject({ name: 'shop', type: 'script', description: 'Checkout' })
  expect((await world.ask('deployer', 'PUT', `/environments/${environment}`, { requireApproval: true, approvers: ['lead'] })).json()).toMatchObject({ name: 'production', requireApproval: true, approvers: ['lead'] })
  for (const url of ['/projects/shop', `/environments/${environment}`]) expect((await world.ask('admin', 'DELETE', url)).json()).toMatchObject({ status: 409, code: 'CONFLICT' })
  for (const url of [`/targets/${target.id}`, `/environments/${environment}`, '/projects/shop']) expect((await world.ask('admin', 'DELETE', url)).statusCode).toBe(204)
  expect((await world.ask('viewer', 'GET', `/targets/${target.id}`)).statusCode).toBe(404)
  const audited = (await world.ask('admin', 'GET', '/audit?limit=50')).json<{ items: { action: string }[] }>().items.map(({ action }) => action)
  expect(audited).toEqual(expect.arrayContaining(['project.create', 'environment.create', 'target.create', 'target.update', 'target.delete', 'environment.delete', 'project.delete']))
})

test('a name is taken once in its place, and another place may have it too', async () => {
  const [one, two] = [await place('one'), await place('two')]
  expect(await post(`/environments/${one}/targets`, { name: 'web', type: 'kubernetes' })).toMatchObject({ name: 'web' })
  expect(await post(`/environments/${one}/targets`, { name: 'web', type: 'kubernetes' })).toMatchObject({ code: 'CONFLICT', detail: 'there is a target web in one/production already' })
  expect(await post(`/environments/${two}/targets`, { name: 'web', type: 'kubernetes' })).toMatchObject({ name: 'web', project: 'two' })
  expect(await post('/projects', { name: 'one' })).toMatchObject({ code: 'CONFLICT' })
})

test('a secret written out in a target\'s config is stored sealed, a reference as it is', async () => {
  const environment = await place('sealed')
  const ssh = { host: 'web-1', user: 'deploy', key: 'PRIVATE KEY', bastion: { host: 'gate', user: 'jump', password: 'hunter2' } }
  const { id } = await post<Row>(`/environments/${environment}/targets`, { name: 'web-1', type: 'host', config: { ssh, docker: { host: 'tcp://web-1:2376', tls: { ca: { from: 'file:/keys/ca' }, cert: 'CERT', key: 'KEY' } } } })
  const stored = JSON.stringify(await world.database.target.findUniqueOrThrow({ where: { id } }))
  for (const secret of ['PRIVATE KEY', 'hunter2', '"CERT"', '"KEY"']) expect(stored).not.toContain(secret)
  const config = (await targets.findConfig('default', id))?.config
  const { key } = config?.['ssh'] as unknown as { key: { from: string } }
  expect(world.key.open(key.from.replace('sealed:', ''))).toBe('PRIVATE KEY')
  expect(config).toMatchObject({ docker: { tls: { ca: { from: 'file:/keys/ca' } } } })
  expect(JSON.stringify((await world.ask('admin', 'GET', '/audit')).json())).not.toContain('hunter2')
})

test.each([
  ['a host nobody could reach', { name: 'a', type: 'host' }, 'needs host'],
  ['an unknown key', { name: 'a', type: 'docker', config: { sssh: {} } }, 'unknown "sssh"'],
  ['an unknown type', { name: 'a', type: 'toaster' }, 'host, docker, kubernetes'],
])('%s is refused', async (_what, body, says) => {
  const { id } = (await world.ask('viewer', 'GET', '/environments?name=refusing')).json<{ items: { id: string }[] }>().items[0] ?? { id: await place('refusing', 'refusing') }
  expect(await post(`/environments/${id}/targets`, body)).toMatchObject({ code: 'REQUEST_INVALID', detail: expect.stringContaining(says) as string })
})

test('a list is narrowed by place, labels, type and status, and read page by page', async () => {
  const environment = await place('listed')
  for (const n of [1, 2, 3]) await post(`/environments/${environment}/targets`, { name: `agent-${n}`, type: 'host', via: 'agent', labels: { role: n === 3 ? 'db' : 'web', 'zone.io/x': 'eu' } })
  await post(`/environments/${environment}/targets`, { name: 'cluster', type: 'kubernetes', labels: { role: 'web' } })
  const listed = '?project=listed'
  expect(await names(`${listed}&selector=role%3Dweb`)).toEqual(['agent-1', 'agent-2', 'cluster'])
  expect(await names(`${listed}&selector=role%3Dweb,zone.io/x%3Deu`)).toEqual(['agent-1', 'agent-2'])
  expect(await names(`${listed}&type=kubernetes`)).toEqual(['cluster'])
  const [one, two] = await targets.select('default', { project: 'listed', type: 'host' })
  const now = Date.now()
  await targets.heartbeat(one?.id ?? '', { health: 'good', load: 0.5, versions: { shop: '1' }, at: new Date(now) })
  await targets.heartbeat(two?.id ?? '', { at: new Date(now - AWAY_AFTER_MS - 10_000) })
  expect([await names(`${listed}&status=online`), await names(`${listed}&status=offline`), await names(`${listed}&status=unknown`)]).toEqual([['agent-1'], ['agent-2'], ['agent-3', 'cluster']])
  const first = (await world.ask('viewer', 'GET', `/environments/${environment}/targets?limit=3`)).json<{ items: Row[]; next: string }>()
  const second = (await world.ask('viewer', 'GET', `/environments/${environment}/targets?limit=3&cursor=${first.next}`)).json<{ items: Row[]; next: null }>()
  expect([...first.items, ...second.items].map(({ name }) => name)).toEqual(['agent-1', 'agent-2', 'agent-3', 'cluster'])
  expect(second.next).toBeNull()
})

test('an agent\'s word counts unless a newer one is known; what is installed is shown with it', async () => {
  const environment = await place('beating')
  const { id } = await post<Row>(`/environments/${environment}/targets`, { name: 'web-1', type: 'host', via: 'agent' })
  const at = new Date()
  expect([await targets.heartbeat(id, { health: 'good', at }), await targets.heartbeat(id, { health: 'old', at: new Date(at.getTime() - 1000) }), await targets.heartbeat('nobody', { at })]).toEqual([true, false, false])
  const installations = new InstallationStore(world.database)
  const known = { tenant: 'default', targetId: id, project: 'beating' }
  await installations.record({ ...known, version: '1.0.0', status: 'installed', backupPath: '/backup/1', at })
  await installations.record({ ...known, version: '1.1.0', status: 'installed', at })
  expect(await installations.get('default', id, 'beating')).toMatchObject({ version: '1.1.0', backupPath: '/backup/1', installedAt: at })
  expect((await world.ask('viewer', 'GET', `/targets/${id}/status`)).json()).toMatchObject({ status: 'online', health: { health: 'good' }, installations: [{ project: 'beating', version: '1.1.0', status: 'installed' }] })
})

test('viewers read, deployers change, admins delete, and another tenant sees nothing', async () => {
  const environment = await place('guarded')
  const { id } = await post<Row>(`/environments/${environment}/targets`, { name: 'web-1', type: 'docker' })
  const target = { name: 'b', type: 'docker' }
  expect([(await world.ask('viewer', 'POST', `/environments/${environment}/targets`, target)).statusCode, (await world.ask('deployer', 'DELETE', `/targets/${id}`)).statusCode]).toEqual([403, 403])
  await world.addToken({ name: 'elsewhere', role: 'admin', tenant: 'other' })
  for (const url of [`/targets/${id}`, `/environments/${environment}`, '/projects/guarded']) {
    expect([(await world.ask('elsewhere', 'GET', url)).statusCode, (await world.ask('elsewhere', 'DELETE', url)).statusCode]).toEqual([404, 404])
  }
  expect((await world.ask('elsewhere', 'PUT', `/targets/${id}`, { priority: 9 })).statusCode).toBe(404)
})

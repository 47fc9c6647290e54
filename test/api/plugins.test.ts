import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { installPlugin } from '../../plugins/install.js'
import { jobWith } from '../plan/compiling.js'
import { EXAMPLE, newHome } from '../plugins/plugin-world.js'
import { ApiWorld } from './api-world.js'

let world: ApiWorld
let home = ''
beforeAll(async () => {
  home = await newHome()
  world = await ApiWorld.open({ home })
})
afterAll(() => world.close())

test('a plugin counts for plans as soon as it is installed, and the list says whether it is still what was installed', async () => {
  const planText = jobWith('type: maintenance-page\nconfig: { path: /srv/page.html }')
  const validity = async () => (await world.ask('viewer', 'POST', '/plans/validate', { planText })).json<{ valid: boolean }>()
  expect(await validity()).toMatchObject({ valid: false, issues: [{ code: 'UNKNOWN_KIND' }] })
  const { integrity } = await installPlugin(home, EXAMPLE)
  expect(await validity()).toMatchObject({ valid: true })
  const list = async () => (await world.ask('viewer', 'GET', '/plugins')).json<{ items: object[] }>()
  expect(await list()).toMatchObject({ items: [{ name: 'maintenance-page', version: '1.0.0', integrity, good: true, problem: null }] })
  await writeFile(join(home, 'plugins', 'maintenance-page', 'plugin.js'), 'changed')
  expect((await world.ask('viewer', 'GET', '/api/v1/plugins/maintenance-page')).json()).toMatchObject({ good: false, problem: expect.stringContaining('not as it was installed') as string })
  expect((await world.ask('viewer', 'GET', '/plugins/none')).statusCode).toBe(404)
  expect(JSON.stringify((await world.ask('viewer', 'GET', '/schema/plan.json')).json())).toContain('plugin:maintenance-page')
})

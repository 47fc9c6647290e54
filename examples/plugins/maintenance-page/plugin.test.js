// A plugin is an object: its parts are called as releasectl calls them. `npm test` in the folder it is installed in.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { plugin } from './plugin.js'

const context = { version: '2.4.0', log: () => {}, bundleFile: async () => null }
const page = async () => join(await mkdtemp(join(tmpdir(), 'page-')), 'web', 'maintenance.html')

test('the page is written once, and says what the plan says', async () => {
  const config = { path: await page(), reason: 'New shelves.' }
  assert.deepEqual(await plugin.execute(config, context), { message: `wrote ${config.path}`, outputs: { path: config.path, changed: true } })
  assert.equal(await readFile(config.path, 'utf8'), '<h1>2.4.0 is on its way</h1><p>New shelves.</p>\n')
  assert.equal((await plugin.execute(config, context)).outputs.changed, false)
})

test('taken back, the page is as it was', async () => {
  const config = { path: await page(), reason: '' }
  const nothing = await plugin.snapshot(config, context)
  await plugin.execute(config, context)
  await writeFile(config.path, 'mine')
  const mine = await plugin.snapshot(config, context)
  await plugin.execute(config, context)
  await plugin.rollback(config, mine, context)
  assert.equal(await readFile(config.path, 'utf8'), 'mine')
  await plugin.rollback(config, nothing, context)
  await assert.rejects(readFile(config.path), { code: 'ENOENT' })
})

test('a template that is not there is named', async () => {
  await assert.rejects(async () => plugin.execute({ path: await page(), template: 'none.html', reason: '' }, context), { code: 'CONFIG_INVALID' })
})

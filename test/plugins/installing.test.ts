import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { installPlugin, removePlugin, updatePlugin } from '../../plugins/install.js'
import { mustBeAsInstalled } from '../../plugins/installed.js'
import { pluginKinds, readLock } from '../../plugins/lock-file.js'
import { ReleaseState } from '../../workflows/release-state.js'
import { cli } from '../cli/run-cli.js'
import { issuesOf, jobWith, planOf } from '../plan/compiling.js'
import { startNpmDouble } from '../testbed/npm-double.js'
import { EXAMPLE, newHome, pluginCall, pluginFile, pluginWorld } from './plugin-world.js'

let registry: Awaited<ReturnType<typeof startNpmDouble>>
beforeAll(async () => {
  registry = await startNpmDouble()
  process.env['npm_config_registry'] = registry.url
  process.env['npm_config_cache'] = await newHome()
  process.env['npm_config_fetch_retries'] = '0'
})
afterAll(() => registry.stop())

test('the example is installed, passes its own tests there, runs as a job and is taken back', async () => {
  const home = await newHome()
  expect(await installPlugin(home, EXAMPLE)).toMatchObject({ name: 'maintenance-page', version: '1.0.0', source: `path:${EXAMPLE.replace(/\/$/, '')}`, parts: ['snapshot', 'execute', 'rollback', 'preview'], defaultTimeout: '1m' })
  const { stdout } = await promisify(execFile)(process.execPath, ['--test', '--test-reporter=tap'], { cwd: join(home, 'plugins', 'maintenance-page') })
  expect(stdout).toMatch(/# pass 3\n# fail 0/)

  const world = pluginWorld(home, { 'page.html': '<h1>{{version}}</h1>' })
  const path = join(home, 'web', 'page.html')
  const call = pluginCall('maintenance-page', { path, template: 'page.html', reason: '' })
  expect(await world.preview(call)).toMatchObject([{ what: `page ${path}`, action: 'create' }])
  const before = await world.snapshot(call)
  expect(await world.execute(call)).toMatchObject({ message: `wrote ${path}`, outputs: { changed: true } })
  expect(await readFile(path, 'utf8')).toBe('<h1>2.4.0</h1>')
  await world.rollback(call, before)
  await expect(stat(path)).rejects.toThrow('ENOENT')
})

test('a plan is checked against a plugin\'s schema as against any kind\'s, and the release\'s record says which version', async () => {
  const home = await newHome()
  const { integrity } = await installPlugin(home, EXAMPLE)
  const kinds = pluginKinds(home)
  const written = (type: string, config: string) => jobWith(`type: ${type}\nconfig: ${config}`)
  const plan = planOf(written('maintenance-page', '{ path: /srv/page.html }'), {}, { kinds })
  const [job] = plan.stages.flatMap(({ jobs }) => jobs)
  expect(job).toMatchObject({ kind: 'plugin.maintenance-page', runsIn: 'activity', hasSnapshot: true, hasUndo: true, timeoutMs: 60_000, config: { path: '/srv/page.html', reason: 'We are back in a moment.' }, plugin: { name: 'maintenance-page', version: '1.0.0', integrity } })
  const view = ReleaseState.ofPlan({ release: pluginCall('x').release, plan, options: { skipApproval: false, doors: [] }, acceptedAt: '2026-01-01T00:00:00.000Z' }).view
  expect(view.stages[0]?.jobs[0]).toMatchObject({ kind: 'plugin.maintenance-page', plugin: { version: '1.0.0', integrity } })
  expect(issuesOf(written('plugin:maintenance-page', '{ pth: /srv }'), {}, { kinds })).toMatchObject([{ code: 'MISSING_KEY' }, { code: 'UNKNOWN_KEY', suggestion: expect.stringContaining('path') as string }])
  expect(issuesOf(written('maintenance-pge', '{}'), {}, { kinds })).toMatchObject([{ code: 'UNKNOWN_KIND', suggestion: expect.stringContaining('maintenance-page') as string }])
  expect(issuesOf(written('maintenance-page', '{}'))).toMatchObject([{ code: 'UNKNOWN_KIND' }])
})

test('a file that was changed, added or taken away since is noticed at each load, and named', async () => {
  const home = await newHome()
  const plugin = await installPlugin(home, EXAMPLE)
  const file = join(home, 'plugins', plugin.name, 'plugin.js')
  const text = await readFile(file, 'utf8')
  const world = pluginWorld(home)
  const call = pluginCall(plugin.name, { path: join(home, 'x'), reason: '' })
  await writeFile(file, `${text}\n// one more line\n`)
  await expect(world.execute(call)).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: expect.stringMatching(/^plugin maintenance-page 1\.0\.0 is not as it was installed: .*releasectl plugins update maintenance-page$/) as string })
  await writeFile(file, text)
  await mustBeAsInstalled(home, plugin)
  await writeFile(join(home, 'plugins', plugin.name, 'more.js'), '')
  await expect(mustBeAsInstalled(home, plugin)).rejects.toThrow('not as it was installed')
  await updatePlugin(home, plugin.name)
  await expect(world.execute(call)).resolves.toMatchObject({ outputs: { changed: true } })
})

test('from npm: its tarball checked, its dependencies with it, none of its scripts run; updated to the newest or the one that is named', async () => {
  const home = await newHome()
  registry.publish(await helper(), {}, {})
  registry.publish(EXAMPLE, { dependencies: { 'a-helper': '1.0.0' }, scripts: { postinstall: 'touch ran', prepack: 'touch ran' } })
  const first = await installPlugin(home, 'releasectl-plugin-maintenance-page')
  expect(first).toMatchObject({ version: '1.0.0', source: 'npm:releasectl-plugin-maintenance-page@1.0.0', tarball: expect.stringMatching(/^sha512-/) as string })
  const files = await readdir(join(home, 'plugins', 'maintenance-page'))
  expect(files).toContain('node_modules')
  expect(files).not.toContain('ran')
  const source = await readFile(join(EXAMPLE, 'plugin.js'), 'utf8')
  registry.publish(EXAMPLE, { version: '1.1.0' }, { 'plugin.js': source.replace("version: '1.0.0'", "version: '1.1.0'") })
  expect((await updatePlugin(home, 'maintenance-page')).after).toMatchObject({ version: '1.1.0', source: 'npm:releasectl-plugin-maintenance-page@1.1.0' })
  expect((await updatePlugin(home, 'maintenance-page', '1.0.0')).after).toMatchObject({ version: '1.0.0' })
  expect(await readdir(join(home, 'plugins'))).toEqual(['lock.json', 'maintenance-page', 'node_modules'])
})

test('a tarball that is not what the registry says, and a package there is not, are refused; what was installed stays', async () => {
  const home = await newHome()
  registry.publish(EXAMPLE, { name: 'tampered-plugin' })
  registry.tamper('tampered-plugin')
  await expect(installPlugin(home, 'tampered-plugin')).rejects.toThrow(/npm pack failed: .*(?:EINTEGRITY|integrity)/)
  await expect(installPlugin(home, 'no-such-plugin')).rejects.toThrow(/npm pack failed: .*404/)
  expect(readLock(home)).toEqual([])
})

test.each([
  ['that exports none', 'export const x = 1', 'exports no `plugin`'],
  ['that cannot be loaded', 'import "nowhere"', 'cannot be loaded'],
  ['that hangs when it is loaded', 'await new Promise(() => {})', 'cannot be loaded'],
  ['without execute', 'export const plugin = { name: "x", version: "1.0.0", description: "d", configSchema: { type: "object" } }', 'execute: a function'],
  ['with a name of releasectl\'s own', 'export const plugin = { name: "script", version: "1.0.0", description: "d", configSchema: { type: "object" }, execute() {} }', 'script is a kind of releasectl\'s own'],
  ['of no version and no schema', 'export const plugin = { name: "x", version: "one", description: "d", configSchema: {}, execute() {} }', 'version: a semantic version such as 1.2.0; configSchema: a JSON Schema of type object'],
])('a module %s is no plugin', async (_what, text, why) => {
  const folder = await newHome()
  await writeFile(join(folder, 'p.mjs'), text)
  await expect(installPlugin(await newHome(), join(folder, 'p.mjs'))).rejects.toMatchObject({ type: 'REQUEST_INVALID', message: expect.stringContaining(why) as string })
})

test('a link out of the plugin\'s folder is refused', async () => {
  const folder = await newHome()
  await writeFile(join(folder, 'package.json'), '{"main":"p.mjs","type":"module"}')
  await writeFile(join(folder, 'p.mjs'), await readFile(await pluginFile('links', 'execute: () => ({})'), 'utf8'))
  await symlink('/etc/hostname', join(folder, 'out'))
  await expect(installPlugin(await newHome(), folder)).rejects.toThrow('out is a link out of the plugin\'s folder')
})

test('the command line installs, lists, explains, uses and removes', async () => {
  const home = await newHome()
  const env = { RELEASECTL_HOME: home }
  expect(await cli(['plugins', 'install', EXAMPLE], { env })).toMatchObject({ code: 0, stdout: expect.stringMatching(/^installed maintenance-page 1\.0\.0 \(path:/) as string })
  expect(JSON.parse((await cli(['plugins', 'list', '-o', 'json'], { env })).stdout)).toMatchObject([{ name: 'maintenance-page', version: '1.0.0', state: 'good' }])
  expect((await cli(['plugins', 'info', 'maintenance-page'], { env })).stdout).toMatch(/undone when the release is taken back: yes[\s\S]*path .*required/)
  await writeFile(join(home, 'plan.yaml'), jobWith('type: maintenance-page\nconfig: { path: /srv/page.html }'))
  expect(await cli(['validate', join(home, 'plan.yaml')], { env })).toMatchObject({ code: 0 })
  expect(await cli(['plugins', 'remove', 'maintenance-page'], { env })).toMatchObject({ code: 0 })
  await expect(removePlugin(home, 'maintenance-page')).rejects.toMatchObject({ type: 'NOT_FOUND' })
})

async function helper(): Promise<string> {
  const folder = join(await newHome(), 'helper')
  await mkdir(folder)
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'a-helper', version: '1.0.0', scripts: { postinstall: 'touch ran' } }))
  return folder
}

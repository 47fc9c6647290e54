import { spawnSync } from 'node:child_process'
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Installation } from '../support/installation.js'

// The example plugin, installed by its command, in releases of a whole installation.
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
let installation: Installation
let folder: string
let page: string
beforeAll(async () => {
  installation = await Installation.start()
  folder = await mkdtemp(join(tmpdir(), 'releasectl-plugin-'))
  page = join(folder, 'down.html')
  await cp(join(ROOT, 'examples/plugins/maintenance-page'), join(folder, 'plugin'), { recursive: true })
})
afterAll(async () => {
  await installation.stop()
  await rm(folder, { recursive: true })
})

const cli = (...args: string[]) => spawnSync(process.execPath, [join(ROOT, 'cli/bin.mjs'), ...args], { encoding: 'utf8', env: { ...process.env, RELEASECTL_HOME: join(installation.folder, 'home') } })
const plan = (script: string): string => `
apiVersion: devops.release/v1
kind: ReleasePlan
metadata: { name: shop }
stages:
  - name: ship
    jobs:
      - { name: close, type: maintenance-page, config: { path: "${page}" } }
      - { name: migrate, type: script, dependsOn: [close], config: { script: "${script}" } }
`
const release = (version: string, script: string): Promise<string> => installation.release({ planText: plan(script), project: 'shop', version }, version)
const jobs = async (id: string) => (await installation.ended(id)).stages.flatMap((stage) => stage.jobs)

test('a plan that names a plugin is refused until it is installed; the release then tells which one ran', async () => {
  await expect(release('0.9.0', 'true')).rejects.toThrow(/422 .*UNKNOWN_KIND/)
  expect(cli('plugins', 'install', join(folder, 'plugin'))).toMatchObject({ status: 0 })
  const [close] = await jobs(await release('1.0.0', 'true'))
  expect(close).toMatchObject({ status: 'succeeded', message: `wrote ${page}`, outputs: { path: page, changed: true }, plugin: { name: 'maintenance-page', version: '1.0.0', integrity: expect.stringMatching(/^sha512-/) as string } })
  expect(await readFile(page, 'utf8')).toContain('1.0.0 is on its way')
})

test('what a plugin did is taken back, though the worker is killed while the release is half out', async () => {
  await writeFile(page, 'as it was')
  const id = await release('2.0.0', `touch ${folder}/begun; until [ -e ${folder}/go ]; do sleep 0.1; done; exit 1`)
  await installation.until(id, ({ stages }) => stages[0]?.jobs[1]?.status === 'running')
  expect(await readFile(page, 'utf8')).toContain('2.0.0 is on its way')
  installation.embedded.kill('worker', 'SIGKILL')
  await writeFile(join(folder, 'go'), '')
  expect((await jobs(id)).map(({ status }) => status)).toEqual(['undone', 'failed'])
  expect(await readFile(page, 'utf8')).toBe('as it was')
})

test('a plugin whose files were changed by another hand does not run', async () => {
  await appendFile(join(installation.folder, 'home/plugins/maintenance-page/plugin.js'), '\n// changed\n')
  expect(cli('plugins', 'list').stdout).toContain('changed')
  const id = await release('3.0.0', 'true')
  expect((await jobs(id))[0]).toMatchObject({ status: 'failed', message: expect.stringContaining('maintenance-page') as string })
  expect(await readFile(page, 'utf8')).toBe('as it was')
})

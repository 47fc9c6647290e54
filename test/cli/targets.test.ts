import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiWorld } from '../api/api-world.js'
import { cli, emptyFolder, type Ran } from './run-cli.js'

let world: ApiWorld
let url: string
beforeAll(async () => {
  world = await ApiWorld.open()
  url = await world.app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(async () => { await world.close() })
const folder = emptyFolder()
const admin = async (...args: string[]): Promise<Ran> => await cli([...args, '--url', url], { folder, env: { RELEASECTL_TOKEN: world.token('admin') } })

test('a project, its environment and its targets are kept from the command line', async () => {
  expect((await admin('projects', 'add', 'shop', '--type', 'script')).stdout).toContain('shop added')
  expect((await admin('environments', 'add', 'production', '--project', 'shop', '--approver', 'lead', '--require-approval')).stdout).toContain('shop/production added')
  writeFileSync(join(folder, 'ssh.yaml'), 'ssh: { host: 10.0.0.2, user: deploy, key: SECRET }\n')
  const add = (name: string, ...more: string[]) => admin('targets', 'add', name, '--environment', 'production', ...more)
  expect((await add('web-1', '--host', '10.0.0.1', '--label', 'role=web', '--priority', '5')).stdout).toContain('web-1 added to shop/production')
  expect((await add('web-2', '--config-file', 'ssh.yaml', '--label', 'role=web')).code).toBe(0)
  expect((await add('k8s', '--type', 'kubernetes')).code).toBe(0)
  const listed = (await admin('targets', 'list', '--selector', 'role=web')).stdout.split('\n')
  expect(listed.slice(0, 3).map((line) => line.replaceAll(/ {2,}/g, ' | '))).toEqual(['TARGET | WHERE | TYPE | STATUS | PRIORITY | LABELS', 'web-1 | shop/production | host | unknown | 5 | role=web', 'web-2 | shop/production | host | unknown | 0 | role=web'])
  expect((await admin('targets', 'show', 'web-2')).stdout).not.toContain('SECRET')
  expect((await admin('targets', 'update', 'web-2', '--priority', '9')).stdout).toBe('web-2 changed\n')
  expect(JSON.parse((await admin('targets', 'show', 'web-2', '-o', 'json')).stdout)).toMatchObject({ priority: 9, config: { ssh: { user: 'deploy' } } })
})

test('what cannot be done is said with its reason, and removal goes from the inside out', async () => {
  expect(await admin('environments', 'remove', 'production')).toMatchObject({ code: 1, stderr: expect.stringContaining('has targets: delete them first') as string })
  expect(await admin('targets', 'show', 'nobody')).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no target nobody') as string })
  expect(await admin('targets', 'add', 'x', '--environment', 'production', '--label', 'broken')).toMatchObject({ code: 2, stderr: expect.stringContaining('must be name=value') as string })
  for (const name of ['web-1', 'web-2', 'k8s']) expect((await admin('targets', 'remove', name)).code).toBe(0)
  expect((await admin('environments', 'remove', 'production')).stdout).toBe('shop/production removed\n')
  expect((await admin('projects', 'remove', 'shop')).stdout).toBe('shop removed\n')
})

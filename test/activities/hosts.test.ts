import { expect, test } from 'vitest'
import { createHosts } from '../../activities/hosts.js'
import type { HostPort, SshSettings } from '../../drivers/hosts/port.js'
import type { TargetRef } from '../../domain/target.js'
import type { JsonObject } from '../../domain/json.js'
import { jobContext } from './job-context.js'

const own = { address: 'own' } as HostPort
const aTarget = (given: Partial<TargetRef> = {}): TargetRef => ({ id: 't1', name: 'web-1', type: 'host', via: 'direct', host: null, labels: {}, priority: 0, ...given })
function world(config: JsonObject | null): { find: (target: TargetRef | null) => Promise<HostPort>; settings: SshSettings[]; learnt: string[] } {
  const settings: SshSettings[] = []
  const learnt: string[] = []
  const hosts = createHosts({
    own, connect: (given) => { settings.push(given); return { address: given.host } as HostPort },
    findConfig: async (_tenant, id) => id === 't1' && config !== null ? { config } : null, resolveSecret: async (reference) => `value of ${reference}`,
  })
  return { settings, learnt, find: (target) => hosts({ release: jobContext().call.release, target, learn: (secret) => { learnt.push(secret) } }) }
}
const SSH = { host: '10.0.0.1', port: 22, user: 'deploy', agent: false, sudo: 'app', key: { from: 'file:/keys/web' } }

test('a job without a target, and one that runs on its target\'s agent, act on our own machine', async () => {
  const { find } = world(null)
  expect(await find(null)).toBe(own)
  expect(await find(aTarget({ via: 'agent' }))).toBe(own)
})

test('a host is reached by its config, its secrets resolved and known to whoever hides them', async () => {
  const { find, settings, learnt } = world({ ssh: { ...SSH, connectTimeout: '3s', bastion: { host: 'bastion', port: 2222, user: 'jump', agent: false, password: { from: 'env:JUMP' } } } })
  expect((await find(aTarget())).address).toBe('10.0.0.1')
  expect(settings[0]).toMatchObject({ name: 'web-1', sudo: 'app', connectTimeoutMs: 3000, key: 'value of file:/keys/web', bastion: { host: 'bastion', port: 2222, password: 'value of env:JUMP' } })
  expect(learnt).toEqual(['value of file:/keys/web', 'value of env:JUMP'])
})

test.each([
  ['one that is no machine', { ssh: SSH }, aTarget({ type: 'docker' }), 'web-1 is no machine: it is docker'],
  ['one that is gone', null, aTarget(), 'web-1 is not there any more'],
  ['one that does not say how it is reached', {}, aTarget(), 'its config has no ssh'],
])('a target is refused by name: %s', async (_what, config, target, message) => {
  await expect(world(config).find(target)).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: expect.stringContaining(message) as string })
})

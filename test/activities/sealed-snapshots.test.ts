import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { openSnapshot, sealSnapshot } from '../../activities/sealed-snapshots.js'
import { InstallationKey } from '../../config/key.js'

function deps() {
  const stored = new Map<string, string>()
  const snapshots = { save: async (sealed: string) => { stored.set('d1', sealed); return 'd1' }, find: async (digest: string) => stored.get(digest) ?? null }
  return { key: new InstallationKey(randomBytes(32)), snapshots, stored }
}

test('a snapshot leaves sealed and comes back as it was', async () => {
  const here = deps()
  const sealed = await sealSnapshot(here, { password: 'hunter2', port: 1 })
  expect(JSON.stringify(sealed)).not.toContain('hunter2')
  expect(await openSnapshot(here, sealed)).toEqual({ password: 'hunter2', port: 1 })
  await expect(openSnapshot(deps(), sealed)).rejects.toThrow('does not open')
})

test('a snapshot too large for a history leaves only its digest', async () => {
  const here = deps()
  const large = { file: 'x'.repeat(300_000) }
  const sealed = await sealSnapshot(here, large)
  expect(sealed).toEqual({ stored: 'd1' })
  expect(here.stored.get('d1')).toMatch(/^v1:/)
  expect(await openSnapshot(here, sealed)).toEqual(large)
  here.stored.clear()
  await expect(openSnapshot(here, sealed)).rejects.toThrow('no snapshot d1')
})

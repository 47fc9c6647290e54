import { randomBytes } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../domain/json.js'
import { until } from '../contract/hosts.js'
import { sharedComponent } from '../support/component.js'
import { ToxicLine } from '../support/toxic-line.js'
import { GitRepository } from './git-repository.js'
import { gitpullMachine } from './gitpull-machine.js'
import { SECRETS } from './kind-world.js'

// A real git server, over HTTP and over SSH, behind a line that is spoilt in the middle of a clone of 4 MB.
let server: Awaited<ReturnType<typeof sharedComponent>>
beforeAll(async () => { server = await sharedComponent('git', ['TESTBED_GIT_PORT', 'TESTBED_GIT_SSH_PORT']) }, 120_000)

const WAYS = ['HTTP', 'SSH'] as const
/** A machine on which version 1 is in force, and a job for version 2, which is large. */
async function pulling(way: typeof WAYS[number]) {
  const repository = new GitRepository(join(server.folder, 'git/repos', `faults-${randomBytes(4).toString('hex')}.git`))
  const machine = await gitpullMachine(repository)
  const line = await ToxicLine.to(`127.0.0.1:${server.port[way === 'HTTP' ? 'TESTBED_GIT_PORT' : 'TESTBED_GIT_SSH_PORT'] ?? 0}`)
  SECRETS['env:GIT_KEY'] = await readFile(join(server.folder, 'git/ssh/client'), 'utf8')
  const knownHosts = (await readFile(join(server.folder, 'git/ssh/known_hosts'), 'utf8')).replace(/\]:\d+/, `]:${line.port}`)
  const config: JsonObject = way === 'HTTP' ? { repository: `http://deploy:deploy@127.0.0.1:${line.port}/${repository.bare.split('/').at(-1)}` }
    : { repository: `ssh://root@127.0.0.1:${line.port}${repository.bare}`, auth: { sshKey: { $late: [{ secret: 'env:GIT_KEY' }] }, knownHosts } }
  repository.commit('first', { version: '1' })
  await machine.world.execute(machine.pull(config))
  const many = Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`small/${n}`, String(n)])) // so that git keeps the pack, which grows as it comes
  const commit = repository.commit('second', { version: '2', large: randomBytes(3_000_000).toString('base64'), ...many })
  return { ...machine, line, commit, call: machine.pull(config) }
}
/** At a megabyte a second; once a part of the pack is there, the rest of it does not come. */
const midway = (spoil: (line: ToxicLine) => Promise<void>) => async (line: ToxicLine, path: string): Promise<void> => {
  await line.spoil('bandwidth', { rate: 1000 }, 'downstream')
  const packs = join(path, '.releasectl/mirror.git/objects/pack')
  const isComing = async (): Promise<boolean> => {
    const parts = (await readdir(packs).catch(() => [])).filter((name) => name.startsWith('tmp_pack'))
    return (await Promise.all(parts.map(async (name) => (await stat(join(packs, name)).catch(() => ({ size: 0 }))).size))).some((size) => size > 200_000)
  }
  void until(isComing).then(async () => spoil(line))
}
const FAULTS: [string, (line: ToxicLine, path: string) => Promise<void>][] = [
  ['ends after half of it', (line) => line.spoil('limit_data', { bytes: 1_000_000 }, 'downstream')],
  ['is reset in the middle', midway((line) => line.spoil('reset_peer', { timeout: 0 }))],
  ['is cut and refuses', midway((line) => line.cut())],
  ['falls silent', midway((line) => line.spoil('timeout', { timeout: 0 }))],
]

test.each(WAYS.flatMap((way) => FAULTS.map(([what, spoil]) => [way, what, spoil] as const)))('a clone over %s whose line %s leaves what was in force, and the same call afterwards succeeds', async (way, _what, spoil) => {
  const { world, path, line, call, commit, version, current, releases } = await pulling(way)
  const before = [await current(), await releases()]
  await spoil(line, path)
  await expect(world.execute(call)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false, message: expect.stringMatching(/^fetching /) as string })
  expect([await current(), await releases()]).toEqual(before)
  await line.mend()
  await line.restore()
  await world.execute(call, world.environment({ attempt: 2 }))
  expect([await version(), await current()]).toEqual(['2', commit])
})

test.each(WAYS)('a clone over a slow line by %s takes its time and is whole', async (way) => {
  const { world, line, call, version } = await pulling(way)
  await line.spoil('bandwidth', { rate: 2000 }, 'downstream')
  await world.execute(call)
  expect(await version()).toBe('2')
})

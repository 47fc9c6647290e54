import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../domain/json.js'
import { until } from '../contract/hosts.js'
import { ToxicLine } from '../support/toxic-line.js'
import { GitRepository } from './git-repository.js'
import { GIT_WAYS, gitServer, type GitWay } from './git-server.js'
import { gitpullMachine } from './gitpull-machine.js'
import { SECRETS } from './kind-world.js'

// A real git server, over each of its ways, behind a line that is spoilt in the middle of a clone of 4 MB.
let server: Awaited<ReturnType<typeof gitServer>>
beforeAll(async () => {
  server = await gitServer()
  process.env['HOME'] = await mkdtemp(join(tmpdir(), 'releasectl-user-')) // whose git trusts the server's certificate
  await writeFile(join(process.env['HOME'], '.gitconfig'), `[http]\n  sslCAInfo = ${join(server.folder, 'git/tls/cert.pem')}\n`)
}, 120_000)

/** A machine on which version 1 is in force, and a job for version 2, which is large. */
async function pulling(way: GitWay) {
  const repository = new GitRepository(join(server.folder, 'git/repos', `faults-${randomBytes(4).toString('hex')}.git`))
  const machine = await gitpullMachine(repository)
  const line = await ToxicLine.to(`127.0.0.1:${server.port[way]}`)
  const config = await remote(way, line.port, repository.bare)
  repository.commit('first', { version: '1' })
  await machine.world.execute(machine.pull(config))
  const many = Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`small/${n}`, String(n)])) // so that git keeps the pack, which grows as it comes
  const commit = repository.commit('second', { version: '2', large: randomBytes(3_000_000).toString('base64'), ...many })
  return { ...machine, line, commit, call: machine.pull(config) }
}
async function remote(way: GitWay, port: number, bare: string): Promise<JsonObject> {
  const name = bare.split('/').at(-1)
  if (way === 'git://') return { repository: `git://127.0.0.1:${port}/${name}` }
  if (way !== 'SSH') return { repository: `${way.toLowerCase()}://deploy:deploy@127.0.0.1:${port}/${name}` }
  SECRETS['env:GIT_KEY'] = await readFile(join(server.folder, 'git/ssh/client'), 'utf8')
  const knownHosts = (await readFile(join(server.folder, 'git/ssh/known_hosts'), 'utf8')).replace(/\]:\d+/, `]:${port}`)
  return { repository: `ssh://root@127.0.0.1:${port}${bare}`, auth: { sshKey: { $late: [{ secret: 'env:GIT_KEY' }] }, knownHosts } }
}
/** At half a megabyte a second; once a part of the pack is there, the rest of it does not come. */
const midway = (spoil: (line: ToxicLine) => Promise<void>) => async (line: ToxicLine, path: string): Promise<void> => {
  await line.spoil('bandwidth', { rate: 500 }, 'downstream')
  const packs = join(path, '.releasectl/mirror.git/objects/pack')
  const isComing = async (): Promise<boolean> => {
    const parts = (await readdir(packs).catch(() => [])).filter((name) => name.startsWith('tmp_pack'))
    return (await Promise.all(parts.map(async (name) => (await stat(join(packs, name)).catch(() => ({ size: 0 }))).size))).some((size) => size > 200_000)
  }
  void until(isComing).then(async () => spoil(line))
}
const SILENT = 'falls silent'
const FAULTS: [string, (line: ToxicLine, path: string) => Promise<void>][] = [
  ['ends after half of it', (line) => line.spoil('limit_data', { bytes: 1_000_000 }, 'downstream')],
  ['is reset in the middle', midway((line) => line.spoil('reset_peer', { timeout: 0 }))],
  ['is cut and refuses', midway((line) => line.cut())],
  [SILENT, midway((line) => line.spoil('timeout', { timeout: 0 }))],
]

test.concurrent.each(GIT_WAYS.flatMap((way) => FAULTS.map(([what, spoil]) => [way, what, spoil] as const)))('a clone over %s whose line %s leaves what was in force, and the same call afterwards succeeds', async (way, what, spoil) => {
  const { world, path, line, call, commit, version, current, releases } = await pulling(way)
  const before = [await current(), await releases()]
  await spoil(line, path)
  if (way === 'git://' && what === SILENT) { // git has no time limit of its own there: the job's ends it
    await expect(world.execute(call, world.environment({ startToCloseTimeoutMs: 20_000 }))).rejects.toMatchObject({ type: 'TIMED_OUT', message: expect.stringMatching(/^fetching git:\/\/127.* took longer than 10s and was stopped$/) as string })
  } else await expect(world.execute(call)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false, message: expect.stringMatching(/^fetching /) as string })
  expect([await current(), await releases()]).toEqual(before)
  await line.mend()
  await line.restore()
  await world.execute(call, world.environment({ attempt: 2 }))
  expect([await version(), await current()]).toEqual(['2', commit])
})

test.concurrent.each(GIT_WAYS)('a clone over a slow line by %s takes its time and is whole', async (way) => {
  const { world, line, call, version } = await pulling(way)
  await line.spoil('bandwidth', { rate: 2000 }, 'downstream')
  await world.execute(call)
  expect(await version()).toBe('2')
})

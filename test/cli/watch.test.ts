import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import type { ReleaseEvent, ReleaseView } from '../../domain/release.js'
import { apiDouble, problem, sse, type Asked } from './api-double.js'
import { cli, startCli } from './run-cli.js'
import { midCanary, rolledBack } from './sample-view.js'

const closing: (() => Promise<void>)[] = []
afterEach(async () => { for (const close of closing.splice(0)) await close() })

const ID = 'r-7f3k2m'
const event = (sequence: number, message: string): ReleaseEvent => ({ sequence, at: '2026-11-21T09:34:06.000Z', type: 'split.set', stage: 'ship', job: 'rollout', message, data: null })

/** A release under way whose watchers are cut off by each of `streams` but the last. */
async function watched(streams: string[], last: ReleaseView): Promise<{ url: string; asked: Asked[] }> {
  let reads = 0
  const double = await apiDouble({
    [`GET /releases/${ID}`]: () => ({ body: reads++ === 0 ? midCanary() : last }),
    [`GET /releases/${ID}/watch`]: (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(streams.shift() ?? '')
      if (streams.length > 0) setTimeout(() => response.destroy(), 50)
      return null
    },
  })
  closing.push(() => double.close())
  return double
}

test('a watcher who is cut off comes back where it was, tells of it, and ends with the release\'s own exit code', async () => {
  const { url, asked } = await watched([sse('release', 1, event(1, 'one')) + sse('release', 2, event(2, 'two')), sse('release', 3, event(3, 'three')) + sse('end', 3, { status: 'rolled_back', reason: null })], rolledBack('rolled_back'))
  const { code, stdout, stderr } = await cli(['watch', ID, '--url', url])
  expect(code).toBe(3)
  expect(asked.filter(({ path }) => path.endsWith('/watch')).map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '2'])
  expect(stderr).toMatch(/reconnecting: /)
  expect(stdout.split('\n').slice(0, 3)).toEqual([
    '2026-11-21T09:34:06.000Z  split.set           ship/rollout  one',
    '2026-11-21T09:34:06.000Z  split.set           ship/rollout  two',
    '2026-11-21T09:34:06.000Z  split.set           ship/rollout  three',
  ])
  expect(stdout).toContain('↺ rolled back after 17m 00s: production is as it was before 2.4.0')
})

test.each([['succeeded', 0], ['failed', 1], ['cancelled', 1], ['superseded', 1], ['rolled_back', 3], ['rejected', 4], ['expired', 4]] as const)('watching a release that is %s exits with %i', async (status, code) => {
  const { url } = await watched([sse('end', 1, { status, reason: null })], { ...rolledBack('rolled_back'), status })
  const ran = await cli(['watch', ID, '--url', url, '-o', 'json'])
  expect([ran.code, (JSON.parse(ran.stdout) as ReleaseView).status]).toEqual([code, status])
})

test('Ctrl-C leaves the release running and says how to come back', async () => {
  const { url, asked } = await watched([sse('release', 1, event(1, 'one'))], midCanary())
  const { child, ran } = startCli(['watch', ID, '--url', url])
  if (!child.stdout) throw new Error('no stdout')
  await once(child.stdout, 'data')
  child.kill('SIGINT')
  const { code, stderr } = await ran
  expect(code).toBe(130)
  expect(stderr).toContain(`the release goes on. Come back with: releasectl watch ${ID}`)
  expect(asked.every(({ method }) => method === 'GET')).toBe(true)
})

test('a release that is not there ends the watch with one clear line', async () => {
  const double = await apiDouble({ [`GET /releases/${ID}`]: () => problem(404, 'RELEASE_NOT_FOUND', `no release ${ID}`) })
  closing.push(() => double.close())
  const { code, stderr } = await cli(['watch', ID, '--url', double.url])
  expect([code, stderr]).toEqual([1, `error: no release ${ID} (GET /releases/${ID})\n  \`releasectl list\` shows the releases there are\n`])
})

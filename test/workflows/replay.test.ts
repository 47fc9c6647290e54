import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { DeterminismViolationError } from '@temporalio/workflow'
import { Worker } from '@temporalio/worker'
import { expect, test } from 'vitest'
import { workflowBundle } from '../../embedded/workflow-bundle.js'

interface HistoryJson { events: { workflowExecutionStartedEventAttributes?: { workflowId: string }; activityTaskScheduledEventAttributes?: { activityType: { name: string } } }[] }
const FOLDER = fileURLToPath(new URL('../histories/', import.meta.url))
const names = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json')).sort()
const read = (name: string): HistoryJson => JSON.parse(readFileSync(`${FOLDER}${name}`, 'utf8')) as HistoryJson
const workflowIdOf = ({ events }: HistoryJson): string => events[0]?.workflowExecutionStartedEventAttributes?.workflowId ?? ''

/** What the workflows of today say to a history. */
async function replay(history: HistoryJson): Promise<Error | undefined> {
  const worker = { workflowBundle: await workflowBundle() }
  for await (const { error } of Worker.runReplayHistories(worker, [{ workflowId: workflowIdOf(history), history }])) return error
  throw new Error('nothing was replayed')
}

test('there is a history of every way a release can end', () => {
  expect(names.length).toBeGreaterThanOrEqual(17)
})

test.each(names)('a release that began with earlier code goes on with today\'s: %s', async (name) => {
  expect(await replay(read(name))).toBeUndefined()
})

test('the gate bites: a history whose commands are in another order does not replay', async () => {
  const history = read(names.find((name) => name.endsWith('canary-succeeds.json')) ?? '')
  const types = history.events.flatMap(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled ? [scheduled.activityType] : [])
  const [deploy, split] = ['rollout.deploy', 'rollout.setSplit'].map((wanted) => types.find(({ name }) => name === wanted))
  if (!deploy || !split) throw new Error('the history has no rollout')
  Object.assign(deploy, { name: 'rollout.setSplit' })
  Object.assign(split, { name: 'rollout.deploy' })
  expect(await replay(history)).toBeInstanceOf(DeterminismViolationError)
})

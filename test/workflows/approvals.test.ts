import { afterAll, beforeEach, expect, test } from 'vitest'
import { WorkflowUpdateFailedError } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import type { ApprovalSpec } from '../../domain/compiled-plan.js'
import type { Decision } from '../../domain/decision.js'
import type { ReleaseEvent } from '../../domain/release.js'
import { abortUpdate, approveSignal, approveUpdate, rejectSignal, rejectUpdate } from '../../workflows/messages.js'
import { canary, DAY, HOUR, job, MINUTE, planOf, stage } from '../support/plan-builder.js'
import { closeWorlds, env, newWorld, type ReleaseWorld } from '../support/release-world.js'

let world: ReleaseWorld
beforeEach(() => { world = newWorld() })
afterAll(closeWorlds)

const asking = (spec: Partial<ApprovalSpec>): ApprovalSpec => ({ approvers: ['lead', 'manager'], groups: [], quorum: 1, expiresMs: 4 * HOUR, allowAuthor: false, doors: null, ...spec })
const gated = (spec: Partial<ApprovalSpec>) => planOf([stage('ship', [job('smoke', 'script')], { approval: asking(spec) })])
const says = (by: string, more: Partial<Decision> = {}): { args: [Decision] } => ({ args: [{ by, door: 'api', ...more }] })
const pending = async (count = 1) => world.until(({ approvals }) => approvals.filter(({ status }) => status === 'pending').length === count)
const written = (type: ReleaseEvent['type']): string[] => world.journal.filter((event) => event.type === type).map(({ message }) => message)

/** Why an update was refused. */
async function refusal(update: Promise<unknown>): Promise<{ code: string | null | undefined; message: string }> {
  const error = await update.then(() => { throw new Error('it was taken') }, (thrown: unknown) => thrown)
  const cause = error instanceof WorkflowUpdateFailedError ? error.cause : error
  if (!(cause instanceof ApplicationFailure)) throw error as Error
  return { code: cause.type, message: cause.message }
}

test('nothing runs before the approver has said yes; the comment is kept', async () => {
  const handle = await world.start(gated({}))
  const view = await pending()
  expect([view.status, view.stages[0]?.status, world.trace]).toEqual(['approving', 'approving', []])
  await handle.executeUpdate(approveUpdate, says('lead', { comment: 'looks good' }))
  expect((await handle.result()).status).toBe('succeeded')
  expect(world.view?.approvals[0]?.decisions).toMatchObject([{ by: 'lead', door: 'api', verdict: 'approve', comment: 'looks good', counted: true }])
  expect(world.trace).toEqual(['run smoke'])
})

test('a quorum of two needs two people; the same one in other letters counts once', async () => {
  const handle = await world.start(gated({ quorum: 2 }))
  await pending()
  await handle.executeUpdate(approveUpdate, says('lead'))
  expect(await refusal(handle.executeUpdate(approveUpdate, says('  LEAD ')))).toEqual({ code: 'RELEASE_CONFLICT', message: '  LEAD  has already decided on ship' })
  expect((await pending()).approvals[0]?.decisions).toHaveLength(1)
  await handle.executeUpdate(approveUpdate, says('manager'))
  expect((await handle.result()).status).toBe('succeeded')
  expect(written('approval.decided')).toEqual(['lead said approve to ship (1 of 2)', 'manager said approve to ship (2 of 2)'])
})

test('a member of an asked group may approve, by the groups the door vouches for', async () => {
  const handle = await world.start(gated({ approvers: [], groups: ['sre'] }))
  await pending()
  expect((await refusal(handle.executeUpdate(approveUpdate, says('dan', { groups: ['dev'] })))).code).toBe('FORBIDDEN')
  await handle.executeUpdate(approveUpdate, says('eve', { groups: ['dev', 'sre'] }))
  expect((await handle.result()).status).toBe('succeeded')
})

test('an approval that names nobody takes anyone the door lets in', async () => {
  const handle = await world.start(gated({ approvers: [] }))
  await pending()
  await handle.executeUpdate(approveUpdate, says('whoever'))
  expect((await handle.result()).status).toBe('succeeded')
})

test('who started the release may not approve it, unless the plan says so', async () => {
  const strict = await world.start(gated({ approvers: ['ci', 'lead'] }))
  await pending()
  expect(await refusal(strict.executeUpdate(approveUpdate, says('CI')))).toEqual({ code: 'FORBIDDEN', message: 'CI started this release and may not decide on ship' })
  await strict.executeUpdate(rejectUpdate, says('lead'))
  await strict.result()
  const lax = await world.start(gated({ approvers: ['ci'], allowAuthor: true }))
  await pending()
  await lax.executeUpdate(approveUpdate, says('ci'))
  expect((await lax.result()).status).toBe('succeeded')
})

test('an outsider is refused and nothing is written down for him', async () => {
  const handle = await world.start(gated({}))
  await pending()
  expect(await refusal(handle.executeUpdate(approveUpdate, says('mallory')))).toEqual({ code: 'FORBIDDEN', message: 'mallory is no approver of ship' })
  expect((await pending()).approvals[0]?.decisions).toEqual([])
  await handle.executeUpdate(abortUpdate, { args: [{ by: 'ann' }] })
  await handle.result()
})

test('a no ends the release rejected and takes back what an earlier stage did', async () => {
  const handle = await world.start(planOf([stage('prepare', [job('copy', 'script')]), stage('ship', [job('smoke', 'script')], { approval: asking({}) })]))
  await pending()
  await handle.executeUpdate(rejectUpdate, says('manager', { comment: 'not on a friday' }))
  expect(await handle.result()).toEqual({ status: 'rejected', reason: 'manager rejected ship: not on a friday', leftOver: [] })
  expect(world.trace).toEqual(['run copy', 'undo script.rollback copy'])
})

test('an approval nobody gives in four hours ends the release expired', async () => {
  expect(await world.run(gated({}))).toEqual({ status: 'expired', reason: 'nobody approved ship in time', leftOver: [] })
  const { requestedAt, expiresAt } = world.view?.approvals[0] ?? { requestedAt: '', expiresAt: '' }
  expect(Date.parse(expiresAt) - Date.parse(requestedAt)).toBe(4 * HOUR)
  expect(Date.parse(world.view?.endedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(expiresAt))
  expect(world.view?.approvals[0]?.status).toBe('expired')
})

test('an approval may be given after days, as long as it has not expired', async () => {
  const handle = await world.start(gated({ expiresMs: 7 * DAY }))
  await pending()
  await env.sleep('6d')
  await handle.executeUpdate(approveUpdate, says('lead'))
  expect((await handle.result()).status).toBe('succeeded')
})

test('an admin\'s word skips approvals; that they were skipped is written down', async () => {
  expect((await world.run(gated({}), { skipApproval: true })).status).toBe('succeeded')
  expect(world.view?.approvals[0]).toMatchObject({ status: 'skipped', decisions: [] })
  expect(written('approval.ended')).toEqual(['approval ship skipped'])
})

test('a decision its door does not vouch for does not count and is written down', async () => {
  world.decisionsAreGood = 'its proof is of another release'
  const handle = await world.start(gated({}))
  await pending()
  await handle.executeUpdate(approveUpdate, says('lead'))
  await world.until(({ approvals }) => approvals[0]?.decisions[0]?.refusedBecause !== null)
  world.decisionsAreGood = true
  await handle.executeUpdate(approveUpdate, says('lead'))
  expect((await handle.result()).status).toBe('succeeded')
  expect(world.view?.approvals[0]?.decisions).toMatchObject([{ counted: false, refusedBecause: 'its proof is of another release' }, { counted: true }])
  expect(written('approval.refused')).toEqual(['approve by lead on ship does not count: its proof is of another release'])
})

test('a good signal counts like an update; bad ones are written down and change nothing', async () => {
  const handle = await world.start(gated({}))
  await pending()
  await handle.signal(rejectSignal, { by: 'mallory', door: 'api' })
  for (const broken of [undefined, null, 'yes', {}, { by: 7, door: 'api' }, { by: 'lead', door: 'api', groups: 'sre' }, { by: 'lead', door: 'api', comment: { no: 'text' } }]) await handle.signal('approveSignal', broken)
  await handle.signal(approveSignal, { by: 'lead', door: 'api' })
  expect((await handle.result()).status).toBe('succeeded')
  expect(written('message.refused')).toHaveLength(8)
  expect(written('message.refused')[0]).toBe('reject by mallory refused: mallory is no approver of ship')
})

test('a decision or command that is none is refused, not taken for a bug', async () => {
  const handle = await world.start(gated({}))
  await pending()
  for (const update of ['pause', 'abort', 'promote', 'retry', 'rollbackTarget']) expect((await refusal(handle.executeUpdate(update))).code).toBe('REQUEST_INVALID')
  expect((await refusal(handle.executeUpdate('approve', { args: [{ name: 'lead' }] }))).code).toBe('REQUEST_INVALID')
  await handle.executeUpdate(approveUpdate, says('lead'))
  expect((await handle.result()).status).toBe('succeeded')
})

test('a door that is not admitted is refused; an approval may admit its own', async () => {
  const handle = await world.start(gated({}))
  await pending()
  expect(await refusal(handle.executeUpdate(approveUpdate, says('lead', { door: 'temporal' })))).toEqual({ code: 'FORBIDDEN', message: 'decisions through temporal do not count for ship; these do: api' })
  await handle.executeUpdate(rejectUpdate, says('lead'))
  await handle.result()
  const own = await world.start(gated({ doors: ['slack'] }))
  await pending()
  expect((await refusal(own.executeUpdate(approveUpdate, says('lead')))).code).toBe('FORBIDDEN')
  await own.executeUpdate(approveUpdate, says('lead', { door: 'slack' }))
  expect((await own.result()).status).toBe('succeeded')
})

test('of two pending approvals a decision must name one', async () => {
  const approval = (name: string) => job(name, 'approval', { approvers: ['lead'], groups: [], quorum: 1, allowAuthor: false })
  const handle = await world.start(planOf([stage('ask', [approval('legal'), approval('money')])]))
  await pending(2)
  expect(await refusal(handle.executeUpdate(approveUpdate, says('lead')))).toEqual({ code: 'RELEASE_CONFLICT', message: 'say which approval: ask/legal, ask/money' })
  expect((await refusal(handle.executeUpdate(approveUpdate, says('lead', { approval: 'ask/other' })))).message).toBe('no approval ask/other is pending; pending: ask/legal, ask/money')
  for (const name of ['ask/money', 'ask/legal']) await handle.executeUpdate(approveUpdate, says('lead', { approval: name }))
  expect((await handle.result()).status).toBe('succeeded')
  expect(world.view?.stages[0]?.jobs.map(({ outputs }) => outputs)).toEqual([{ approvedBy: ['lead'] }, { approvedBy: ['lead'] }])
})

test('a release that has ended takes no decision, and leaves no approval open', async () => {
  const handle = await world.start(gated({}))
  await pending()
  world.databaseIsAway = true // it has ended, but its journal keeps it from closing
  await handle.executeUpdate(abortUpdate, { args: [{ by: 'ann' }] })
  const view = await world.until(({ status }) => status === 'cancelled')
  expect(view.approvals[0]?.status).toBe('expired')
  expect((await refusal(handle.executeUpdate(approveUpdate, says('lead')))).code).toBe('RELEASE_CONFLICT')
  world.databaseIsAway = false
  await handle.result()
  await expect(handle.executeUpdate(approveUpdate, says('lead'))).rejects.toThrow(/not found|completed/i)
})

test('an approval of a phase that was given is not asked for again when the job is tried again', async () => {
  const plan = planOf([stage('ship', [job('rollout', 'rollout', canary([{ percentage: 10, duration: '1h', approval: { approvers: ['lead'], groups: [], quorum: 1, allowAuthor: false } }]), { timeoutMs: 30 * MINUTE, retry: { attempts: 2, intervalMs: 1000, backoff: 1, maxIntervalMs: 1000 } })])])
  const handle = await world.start(plan)
  await pending()
  await handle.executeUpdate(approveUpdate, says('lead'))
  await handle.result()
  expect(world.trace.filter((line) => line === 'split 10')).toHaveLength(2)
  expect(world.view?.approvals.map(({ id, status }) => [id, status])).toEqual([['ship/rollout/10%', 'approved']])
})

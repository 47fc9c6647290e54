import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createDecisionActivities } from '../../activities/decisions.js'
import { InstallationKey } from '../../config/key.js'
import { proofText, type Decision } from '../../domain/decision.js'

const key = new InstallationKey(randomBytes(32))
const { verifyDecision } = createDecisionActivities({ key })
const receivedAt = '2026-11-21T10:00:00.000Z'
const vouchedFor = (decision: Decision, verdict: 'approve' | 'reject' = 'approve'): Decision => ({ ...decision, proof: key.sign(proofText('r1', verdict, decision)) })
const decision = vouchedFor({ approval: 'ship', by: 'lead@example.com', door: 'api', groups: ['sre'], proofUntil: '2026-11-21T10:05:00.000Z' })
const verify = (given: Decision, changes: { releaseId?: string; verdict?: 'approve' | 'reject'; receivedAt?: string } = {}): ReturnType<typeof verifyDecision> =>
  verifyDecision({ releaseId: 'r1', verdict: 'approve', decision: given, receivedAt, ...changes })

test('a decision that its door vouches for is good', async () => {
  expect(await verify(decision)).toEqual({ good: true })
})

test.each<[string, Decision, Parameters<typeof verify>[1]]>([
  ['person', { ...decision, by: 'mallory@example.com' }, {}],
  ['approval', { ...decision, approval: 'prepare' }, {}],
  ['group', { ...decision, groups: ['sre', 'admins'] }, {}],
  ['comment', { ...decision, comment: 'fine by me' }, {}],
  ['door', { ...decision, door: 'slack' }, {}],
  ['release', decision, { releaseId: 'r2' }],
  ['verdict', decision, { verdict: 'reject' }],
  ['later end', { ...decision, proofUntil: '2027-01-01T00:00:00.000Z' }, {}],
])('a proof does not vouch for another %s', async (_what, given, changes) => {
  expect(await verify(given, changes)).toMatchObject({ good: false, why: expect.stringContaining('not this installation') as string })
})

test('a proof of another installation vouches for nothing', async () => {
  const other = createDecisionActivities({ key: new InstallationKey(randomBytes(32)) })
  expect(await other.verifyDecision({ releaseId: 'r1', verdict: 'approve', decision, receivedAt })).toMatchObject({ good: false })
})

test('a proof is short-lived: one that comes late, or says no end, is not good', async () => {
  expect(await verify(decision, { receivedAt: '2026-11-21T10:05:00.000Z' })).toEqual({ good: true })
  expect(await verify(decision, { receivedAt: '2026-11-21T10:05:00.001Z' })).toMatchObject({ good: false, why: expect.stringContaining('was good until') as string })
  expect(await verify(vouchedFor({ by: 'lead@example.com', door: 'api' }))).toMatchObject({ good: false })
})

test('without a proof a decision is what its sender says, and only of the door temporal', async () => {
  expect(await verify({ by: 'ann', door: 'temporal' })).toEqual({ good: true })
  expect(await verify({ by: 'ann', door: 'api' })).toMatchObject({ good: false, why: 'it says it came through api, but carries no proof of that' })
})

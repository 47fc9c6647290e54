import { Client, Connection } from '@temporalio/client'
import { expect, test } from 'vitest'
import type { Decision } from '../../domain/decision.js'
import { releaseWorkflowId } from '../../domain/release.js'
import { approveSignal } from '../../workflows/messages.js'
import { Installation } from '../support/installation.js'

const PLAN = `
apiVersion: devops.release/v1
kind: ReleasePlan
metadata: { name: doors }
stages:
  - name: ship
    requireApproval: true
    approval: { approvers: [lead] }
    jobs: [{ name: go, type: script, config: { script: 'echo gone' } }]
`
const SAYS_LEAD: Decision = { by: 'lead', door: 'temporal', comment: 'by hand in the Web UI' }

test('where one person owns the machine, a bare Temporal signal approves; one that claims to come from the API does not', async () => {
  await withInstallation({}, async (installation, signal) => {
    const id = await waiting(installation)
    await signal(id, { ...SAYS_LEAD, door: 'api' })
    const doubted = await installation.until(id, ({ approvals: [approval] }) => approval?.decisions.some(({ refusedBecause }) => refusedBecause !== null) ?? false)
    expect(doubted).toMatchObject({ status: 'approving', approvals: [{ decisions: [{ by: 'lead', door: 'api', counted: false, refusedBecause: 'it says it came through api, but carries no proof of that' }] }] })

    await signal(id, SAYS_LEAD)
    const view = await installation.ended(id)
    expect(view).toMatchObject({ status: 'succeeded', approvals: [{ status: 'approved' }] })
    expect(view.approvals[0]?.decisions.at(-1)).toMatchObject({ by: 'lead', door: 'temporal', counted: true, comment: 'by hand in the Web UI' })
    expect((await installation.events(id)).filter(({ type }) => type.startsWith('approval.')).map(({ type }) => type))
      .toEqual(['approval.requested', 'approval.refused', 'approval.decided', 'approval.ended'])
  })
})

test('where only the API may bring decisions, a bare Temporal signal is written down and changes nothing', async () => {
  await withInstallation({ RELEASECTL_DOORS: 'api' }, async (installation, signal) => {
    const id = await waiting(installation)
    await signal(id, SAYS_LEAD)
    await signal(id, { approved: true }) // what is no decision at all
    await signal(id, { ...SAYS_LEAD, door: 'api', proof: 'bm90IG91cnM=', proofUntil: '2099-01-01T00:00:00.000Z' })
    const view = await installation.until(id, ({ approvals: [approval] }) => approval?.decisions.some(({ refusedBecause }) => refusedBecause !== null) ?? false)
    expect(view).toMatchObject({ status: 'approving', approvals: [{ status: 'pending', decisions: [{ door: 'api', counted: false, refusedBecause: expect.stringContaining('its proof is not this installation\'s') as string }] }] })
    const refused = (await installation.events(id)).filter(({ type }) => type === 'message.refused' || type === 'approval.refused').map(({ message }) => message)
    expect(refused).toEqual([
      'approve by lead refused: decisions through temporal do not count for ship; these do: api',
      'approve by somebody refused: a decision is { by, door, approval?, comment?, groups? }',
      expect.stringMatching(/^approve by lead on ship does not count: its proof is not/),
    ])

    await installation.call('POST', `/releases/${id}/approve`, {}, { token: await installation.token('lead', 'approver') })
    expect(await installation.ended(id)).toMatchObject({ status: 'succeeded' })
  })
})

/** `signal` sends what anybody can who reaches Temporal. */
async function withInstallation(environment: Record<string, string>, work: (installation: Installation, signal: (id: string, body: unknown) => Promise<void>) => Promise<void>): Promise<void> {
  const installation = await Installation.start(environment)
  const connection = await Connection.connect({ address: installation.embedded.temporalAddress })
  try {
    const { workflow } = new Client({ connection })
    await work(installation, async (id, body) => { await workflow.getHandle(releaseWorkflowId('default', id)).signal(approveSignal, body as Decision) })
  } finally {
    await connection.close()
    await installation.stop()
  }
}

async function waiting(installation: Installation): Promise<string> {
  const id = await installation.release({ planText: PLAN, project: 'doors', version: '1.0.0' }, 'one')
  await installation.until(id, ({ status }) => status === 'approving')
  return id
}

import { expect, test } from 'vitest'
import { forOwnTarget } from '../../activities/own-target.js'
import type { JobCall, UndoCall } from '../../activities/contract.js'
import type { TargetRef } from '../../domain/target.js'
import { scriptCall } from './kind-world.js'

const SELF = { id: 't1', name: 'web-1', tenant: 'acme', project: 'shop', environment: 'production' }
const target = (id: string): TargetRef => ({ id, name: `target-${id}`, type: 'host', via: 'agent', host: null, labels: {}, priority: 0 })
const ran: string[] = []
const { execute, rollback } = forOwnTarget(SELF, {
  execute: async ({ job }: JobCall) => { ran.push(job) },
  rollback: async ({ call }: UndoCall) => { ran.push(`undo ${call.job}`) },
} as never) as { execute: (call: JobCall) => Promise<void>; rollback: (input: UndoCall) => Promise<void> }
const own = scriptCall('true', {}, { target: target('t1') })

test('an agent does and takes back what releases of its target\'s environment want of its target', async () => {
  await execute(own)
  await rollback({ call: own, snapshot: null })
  expect(ran.splice(0)).toEqual(['work', 'undo work'])
})

test.each([
  ['another target', { ...own, target: target('t2') }, 'the agent of web-1 does nothing for target target-t2 (execute)'],
  ['no target', { ...own, target: null }, 'the agent of web-1 does nothing for no target (execute)'],
  ['another environment', { ...own, release: { ...own.release, environment: 'staging', releaseId: 'r9' } }, 'the agent of web-1 is of shop/production: it does nothing for release r9 of shop/staging'],
  ['another project', { ...own, release: { ...own.release, project: 'bank', releaseId: 'r9' } }, 'the agent of web-1 is of shop/production: it does nothing for release r9 of bank/production'],
  ['another tenant', { ...own, release: { ...own.release, tenant: 'rival' } }, expect.stringContaining('it does nothing for release') as string],
])('it refuses a job of %s before anything runs', async (_, call, message) => {
  await expect(execute(call)).rejects.toMatchObject({ type: 'FORBIDDEN', nonRetryable: true, message })
  await expect(rollback({ call, snapshot: null })).rejects.toMatchObject({ type: 'FORBIDDEN' })
  expect(ran).toEqual([])
})

import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import type { CompiledPlan } from '../../domain/compiled-plan.js'
import { previewWorkflowId, type Preview } from '../../domain/preview.js'
import type { previewWorkflow } from '../../workflows/preview.js'
import { canary, inputOf, job, planOf, stage } from '../support/plan-builder.js'
import { closeWorlds, env, newWorld, TASK_QUEUE } from '../support/release-world.js'

afterAll(closeWorlds)

async function previewOf(plan: CompiledPlan): Promise<Preview> {
  const { release, acceptedAt } = inputOf(`preview-${randomUUID()}`, plan)
  return env.client.workflow.execute<typeof previewWorkflow>('previewWorkflow', { workflowId: previewWorkflowId('default', release.releaseId), taskQueue: TASK_QUEUE, args: [{ release, plan, acceptedAt }] })
}

test('a dry run asks every job what it would change, in the order of the plan, and runs none', async () => {
  const world = newWorld()
  const preview = await previewOf(planOf([stage('build', [job('smoke', 'validation'), job('pack', 'script')]), stage('ship', [job('rollout', 'rollout', canary([{ percentage: 10 }]))])]))
  expect(preview.jobs).toEqual([
    { stage: 'build', job: 'smoke', kind: 'validation', changes: [], unknown: null },
    { stage: 'build', job: 'pack', kind: 'script', changes: [{ what: 'pack', action: 'run', before: null, after: null }], unknown: null },
    { stage: 'ship', job: 'rollout', kind: 'rollout', changes: [{ what: 'route edge/shop', action: 'update', before: '2.3.0', after: '100% to 2.4.0' }], unknown: null },
  ])
  expect(world.trace.toSorted()).toEqual(['preview pack', 'preview rollout'])
})

test('what depends on an earlier job\'s output, and a far side that does not say, are told as unknown', async () => {
  newWorld()
  const late = { script: { $late: [{ ref: 'jobs.pack.outputs.path' }] } } as never
  const preview = await previewOf(planOf([stage('build', [job('pack', 'script'), job('use', 'script', late), job('call', 'webhook')])]))
  expect(preview.jobs.map(({ job: name, unknown }) => [name, unknown])).toEqual([
    ['pack', null], ['use', 'it takes jobs.pack.outputs.path, known only once that job is done'], ['call', expect.stringContaining('webhook.preview') as string],
  ])
})

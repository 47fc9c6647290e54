import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import type { CompiledPlan } from '../../domain/compiled-plan.js'
import { previewWorkflowId, type Preview } from '../../domain/preview.js'
import type { previewWorkflow } from '../../workflows/preview.js'
import { canary, fleet, inputOf, job, planOf, stage, wave } from '../support/plan-builder.js'
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
    { stage: 'build', job: 'smoke', kind: 'validation', target: null, changes: [], unknown: null },
    { stage: 'build', job: 'pack', kind: 'script', target: null, changes: [{ what: 'pack', action: 'run', before: null, after: null }], unknown: null },
    { stage: 'ship', job: 'rollout', kind: 'rollout', target: null, changes: [{ what: 'route edge/shop', action: 'update', before: '2.3.0', after: '100% to 2.4.0' }], unknown: null },
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

test('a stage with targets is told wave by wave; of thousands the first are asked, and how many were not is said', async () => {
  const world = newWorld()
  for (let n = 1; n <= 2000; n += 1) world.fleet.add(`web-${String(n).padStart(4, '0')}`, n === 2 ? { via: 'agent' } : {})
  const strategy = fleet({ waves: [wave('first', { among: { names: ['web-0001', 'web-0002'], labels: null } }), wave('tenth', { percent: 10 }), wave('rest')], batch: { percent: 5 }, parallel: 30 })
  const preview = await previewOf(planOf([stage('roll', [job('update', 'script')], { fleet: strategy }), stage('after', [job('tell', 'script')])]))
  expect(preview.fleets).toEqual([{
    stage: 'roll', total: 2000, leftOut: 0, batch: 100, parallel: 30, unknown: null, waves: [
      { name: 'first', total: 2, targets: [{ name: 'web-0001', presence: 'unknown' }, { name: 'web-0002', presence: 'unknown' }], more: 0 },
      { name: 'tenth', total: 200, targets: expect.objectContaining({ length: 16 }) as unknown, more: 184 }, { name: 'rest', total: 1798, targets: expect.objectContaining({ length: 2 }) as unknown, more: 1796 },
    ],
  }])
  const asked = preview.jobs.filter(({ stage: of }) => of === 'roll')
  expect(asked.map(({ target }) => target)).toEqual(preview.fleets[0]?.waves.flatMap(({ targets }) => targets.map(({ name }) => name)))
  expect(asked.slice(0, 2)).toEqual([
    { stage: 'roll', job: 'update', kind: 'script', target: 'web-0001', changes: [{ what: 'update', action: 'run', before: null, after: null }], unknown: null },
    { stage: 'roll', job: 'update', kind: 'script', target: 'web-0002', changes: [], unknown: 'its agent is away: nobody was asked' },
  ])
  expect(preview.jobs.at(-1)).toMatchObject({ stage: 'after', job: 'tell', target: null })
  expect([world.trace.filter((line) => line.startsWith('run')), world.fleet.runs.size]).toEqual([[], 0])
})

test('a stage that finds no target is told as unknown', async () => {
  newWorld()
  expect((await previewOf(planOf([stage('roll', [job('update', 'script')], { fleet: fleet() })]))).fleets).toMatchObject([{ stage: 'roll', total: 0, unknown: 'stage roll: no target of shop/production is chosen' }])
})

test('an agent that seems to be there and takes no question is told as unknown', async () => {
  const world = newWorld()
  world.fleet.add('web-1', { via: 'agent', lastSeenAt: new Date() })
  const preview = await previewOf(planOf([stage('roll', [job('update', 'script')], { fleet: fleet() })]))
  expect(preview.jobs).toMatchObject([{ target: 'web-1', changes: [], unknown: 'the agent did not take update within 5 s' }])
})

import type { WorkflowHandle } from '@temporalio/client'
import { failure } from '../../domain/failures.js'
import { environmentWorkflowId } from '../../domain/release.js'
import { abortUpdate, approveSignal, approveUpdate, freezeUpdate, pauseUpdate, promoteUpdate, rejectUpdate, resumeUpdate, retryUpdate } from '../../workflows/messages.js'
import { DONE, untilStopped, type ReleaseWorld } from '../support/far-side.js'
import { FLEET_SCENARIOS, type Scenario } from './fleet-scenarios.js'
import { canary, job, planOf, stage } from '../support/plan-builder.js'

const ann = { args: [{ by: 'ann' }] as [{ by: string }] }
const approval = (expiresMs = 60_000) => ({ approvers: ['lead', 'manager'], groups: [], quorum: 2, expiresMs, allowAuthor: false, doors: null })
const script = (name: string, more: Parameters<typeof job>[3] = {}) => job(name, 'script', {}, more)
const shipping = (duration: string) => planOf([stage('prepare', [script('migrate', { hasSnapshot: true })]), stage('ship', [job('rollout', 'rollout', canary([10, 100].map((percentage) => ({ percentage, duration, successCriteria: { errorRate: '<1%' } }))))])])
const refusing = (...names: string[]): ReleaseWorld['script'] => ({ job: name }) => { if (names.includes(name)) throw failure('CHECK_FAILED', `${name} said no`); return DONE }
const settled = async (handle: WorkflowHandle): Promise<WorkflowHandle> => { await handle.result().catch(() => undefined); return handle }
const holding = (world: ReleaseWorld) => world.until(({ waiting }) => waiting.some(({ what }) => what === 'hold'))
const asked = (world: ReleaseWorld) => world.until(({ approvals }) => approvals.length > 0)
const gated = (expiresMs?: number) => planOf([stage('prepare', [script('migrate')]), stage('ship', [script('deploy')], { approval: approval(expiresMs) })])

export const SCENARIOS: Record<string, Scenario> = {
  'canary-succeeds': async (world) => settled(await world.start(shipping('300ms'))),
  'canary-rolls-itself-back': async (world) => {
    world.judge = () => ({ verdict: 'fail', reason: 'error rate 20% not <1% at 10%', measures: { errorRate: 0.2 }, requests: 100, checks: 1 })
    return settled(await world.start(shipping('30s')))
  },
  'canary-promoted': async (world) => {
    const handle = await world.start(shipping('1h'))
    await holding(world)
    await handle.executeUpdate(promoteUpdate, { args: [{ by: 'ann', to: 'full' }] })
    await world.until(({ splits }) => splits[0]?.percent === 100)
    await holding(world)
    await handle.executeUpdate(promoteUpdate, { args: [{ by: 'ann', to: 'next' }] })
    return settled(handle)
  },
  'canary-without-metrics': async (world) => {
    let asks = 0
    world.judge = () => { asks += 1; return asks === 1 ? { verdict: 'inconclusive', reason: '3 of 20 requests', measures: {}, requests: 3, checks: 1 } : { verdict: 'pass', reason: 'all well', measures: {}, requests: 50, checks: 1 } }
    const handle = await world.start(shipping('300ms'))
    await world.until(({ waiting }) => waiting.some(({ what }) => what === 'inconclusive'))
    await handle.executeUpdate(retryUpdate, ann)
    return settled(handle)
  },
  approved: async (world) => {
    const handle = await world.start(gated())
    await asked(world)
    await handle.signal(approveSignal, { by: 'mallory', door: 'api' })
    await handle.executeUpdate(approveUpdate, { args: [{ by: 'lead', door: 'api' }] })
    await handle.executeUpdate(approveUpdate, { args: [{ by: 'manager', door: 'api', comment: 'fine' }] })
    return settled(handle)
  },
  rejected: async (world) => {
    const handle = await world.start(gated())
    await asked(world)
    await handle.executeUpdate(rejectUpdate, { args: [{ by: 'lead', door: 'api', comment: 'not today' }] })
    return settled(handle)
  },
  'approval-expired': async (world) => settled(await world.start(gated(300))),
  'aborted-in-a-hold': async (world) => {
    const handle = await world.start(shipping('1h'))
    await holding(world)
    await handle.executeUpdate(abortUpdate, ann)
    return settled(handle)
  },
  'cancelled-while-taken-back': async (world) => {
    let open = (): void => undefined
    world.undoGate = new Promise((resolve) => { open = resolve })
    world.script = refusing('smoke')
    const handle = await world.start(planOf([stage('ship', [script('deploy'), script('smoke')], { parallel: false })]))
    await world.until(({ status }) => status === 'rolling_back')
    await handle.cancel()
    open()
    return settled(handle)
  },
  'paused-and-resumed': async (world) => {
    const handle = await world.start(shipping('2s'))
    await holding(world)
    await handle.executeUpdate(pauseUpdate, ann)
    await handle.executeUpdate(resumeUpdate, ann)
    return settled(handle)
  },
  'parallel-jobs-one-fails': async (world) => {
    world.script = async (call) => call.job === 'slow' ? untilStopped() : refusing('smoke')(call)
    return settled(await world.start(planOf([stage('ship', [script('slow'), script('smoke', { dependsOn: ['deploy'] }), script('deploy'), script('after', { dependsOn: ['smoke'] })])])))
  },
  'tried-again': async (world) => {
    world.script = (call) => call.attempt < 3 ? refusing('deploy')(call) : DONE
    return settled(await world.start(planOf([stage('ship', [script('deploy', { retry: { attempts: 3, intervalMs: 100, backoff: 2, maxIntervalMs: 1000 } }), job('pause', 'wait', { duration: '200ms' }, { dependsOn: ['deploy'] })])])))
  },
  'undo-failed-then-retried': async (world) => {
    world.script = refusing('smoke')
    world.failingUndos.add('script.rollback')
    const plan = planOf([stage('ship', [script('smoke')])], { rollback: [stage('revert', [script('flush', { hasUndo: false })], { phase: 'rollback' })] })
    const release = await settled(await world.start(plan))
    world.failingUndos.clear()
    return [release, await settled(await world.startTakeBack())]
  },
  'taken-back-after-success': async (world) => {
    await settled(await world.start(shipping('0s')))
    return settled(await world.startTakeBack())
  },
  'queue-of-a-lock': async (world, { client }) => {
    let open = (): void => undefined
    const opened = new Promise<void>((resolve) => { open = resolve })
    world.script = async ({ job: name }) => { if (name === 'first') await opened; return DONE }
    const first = await world.start(planOf([stage('ship', [script('first')])]))
    await world.until(() => world.trace.length > 0)
    const second = await world.start(planOf([stage('ship', [script('second')])]))
    await world.until(({ status }) => status === 'queued')
    open()
    await settled(first)
    const environment = client.workflow.getHandle(environmentWorkflowId('default', world.lockKey(planOf([]))))
    await settled(second)
    await environment.executeUpdate(freezeUpdate, { args: [{ by: 'ann', reason: 'audit', until: new Date(Date.now() + 500).toISOString() }] })
    await new Promise((resolve) => setTimeout(resolve, 1000))
    return [second, environment]
  },
  ...FLEET_SCENARIOS,
}

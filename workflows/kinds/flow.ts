import { durationMs } from '../../domain/duration.js'
import { failure } from '../../domain/failures.js'
import { hold } from '../hold.js'
import { approvalSpec } from './approval-spec.js'
import type { Story } from './story.js'

export const waitStory: Story<'wait'> = async (run, { stage, job, config }) => {
  const untilMs = config.until === undefined ? 0 : Math.max(0, Date.parse(config.until) - Date.now())
  const forMs = config.duration === undefined ? untilMs : durationMs(config.duration)
  if (forMs > 0) await hold(run, { stage: stage.name, job: job.name, where: 'wait', forMs, judges: [], what: 'wait' })
  if (config.waitForApproval === true || config.approval !== undefined) {
    await run.desk.ask(`${stage.name}/${job.name}`, approvalSpec(config.approval ?? { approvers: [], groups: [], quorum: 1, allowAuthor: false }), { stage: stage.name, job: job.name })
  }
  return { outputs: {}, message: '', artifacts: [] }
}

export const approvalStory: Story<'approval'> = async (run, { stage, job, config }) => {
  const id = `${stage.name}/${job.name}`
  await run.desk.ask(id, approvalSpec(config, config.timeout), { stage: stage.name, job: job.name })
  const decisions = run.state.view.approvals.find((approval) => approval.id === id)?.decisions.filter(({ counted }) => counted) ?? []
  return { outputs: { approvedBy: decisions.map(({ by }) => by) }, message: `approved by ${decisions.map(({ by }) => by).join(', ')}`, artifacts: [] }
}

export const conditionStory: Story<'condition'> = async (run, { job, config }) => {
  const value = run.holds(config.expression, `job ${job.name}`)
  const action = value ? config.onTrue : config.onFalse
  if (action === 'fail') throw failure('CHECK_FAILED', `${config.expression} is ${String(value)}`)
  return { outputs: { value }, message: `${config.expression} is ${String(value)}`, artifacts: [], skipStage: action === 'skip_stage' }
}

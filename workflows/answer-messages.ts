import { setHandler } from '@temporalio/workflow'
import type { Decision, JobCommand, PromoteCommand, TargetCommand } from '../domain/decision.js'
import * as messages from './messages.js'
import type { ReleaseRun } from './release-run.js'

/** Every message of a release. Handlers are synchronous: they take the word down, the story acts on it. */
export function answerMessages({ state, desk, controls }: ReleaseRun): void {
  answerQueries(state)
  setHandler(messages.approveUpdate, (decision) => desk.take('approve', decision), { validator: (decision: Decision) => { desk.mustAccept(decision) }, description: 'Say yes to a pending approval' })
  setHandler(messages.rejectUpdate, (decision) => desk.take('reject', decision), { validator: (decision: Decision) => { desk.mustAccept(decision) }, description: 'Say no; the release is taken back' })
  setHandler(messages.approveSignal, (decision) => desk.takeIfAcceptable('approve', decision), { description: 'As the update approve; a bad one is only written down' })
  setHandler(messages.rejectSignal, (decision) => desk.takeIfAcceptable('reject', decision), { description: 'As the update reject; a bad one is only written down' })
  setHandler(messages.pauseUpdate, (command) => controls.pause(command), { validator: (_command) => controls.mayPause(), description: 'Stop before the next step; holds keep what remains' })
  setHandler(messages.resumeUpdate, (command) => controls.resume(command), { validator: (_command) => controls.mayResume(), description: 'Go on after a pause' })
  setHandler(messages.promoteUpdate, (command) => controls.promote(command), { validator: (command: PromoteCommand) => controls.mayPromote(command), description: 'Skip the rest of a hold (to: next) or go to 100 % (to: full)' })
  setHandler(messages.abortUpdate, (command) => controls.abort(command), { validator: (_command) => controls.mayStop(), description: 'Stop and take everything back; ends cancelled' })
  setHandler(messages.rollbackUpdate, (command) => controls.rollback(command), { validator: (_command) => controls.mayStop(), description: 'Stop and take everything back; ends rolled back' })
  setHandler(messages.retryUpdate, (command) => controls.retry(command), { validator: (command: JobCommand) => controls.mayRetry(command), description: 'Try a failed job, or measure, again' })
  setHandler(messages.rollbackTargetUpdate, (_command) => { throw new Error('refused by the validator') }, { validator: (command: TargetCommand) => controls.mayTarget(command) })
  setHandler(messages.retryTargetUpdate, (_command) => { throw new Error('refused by the validator') }, { validator: (command: TargetCommand) => controls.mayTarget(command) })
}

export function answerQueries(state: ReleaseRun['state']): void {
  setHandler(messages.releaseQuery, () => state.view, { description: 'Everything there is to see of the release' })
  setHandler(messages.waitingQuery, () => state.view.waiting, { description: 'What it waits for, since when, until when, who can end it' })
}

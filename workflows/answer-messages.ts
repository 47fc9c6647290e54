import { setHandler } from '@temporalio/workflow'
import { isCommand, type Command, type Decision, type JobCommand, type PromoteCommand, type TargetCommand } from '../domain/decision.js'
import { failure } from '../domain/failures.js'
import { waveProgressSignal } from './fleet/messages.js'
import * as messages from './messages.js'
import type { ReleaseRun } from './release-run.js'

/** Every message of a release. Handlers are synchronous: they take the word down, the story acts on it. */
export function answerMessages({ state, desk, controls, fleets }: ReleaseRun): void {
  answerQueries(state)
  setHandler(messages.approveUpdate, (decision) => desk.take('approve', decision), { validator: (decision: Decision) => { desk.mustAccept(decision) }, description: 'Say yes to a pending approval' })
  setHandler(messages.rejectUpdate, (decision) => desk.take('reject', decision), { validator: (decision: Decision) => { desk.mustAccept(decision) }, description: 'Say no; the release is taken back' })
  setHandler(messages.approveSignal, (decision) => desk.takeIfAcceptable('approve', decision), { description: 'As the update approve; a bad one is only written down' })
  setHandler(messages.rejectSignal, (decision) => desk.takeIfAcceptable('reject', decision), { description: 'As the update reject; a bad one is only written down' })
  setHandler(messages.pauseUpdate, (given) => controls.pause(given), { validator: command(() => { controls.mayPause() }), description: 'Stop before the next step; holds keep what remains' })
  setHandler(messages.resumeUpdate, (given) => controls.resume(given), { validator: command(() => { controls.mayResume() }), description: 'Go on after a pause' })
  setHandler(messages.promoteUpdate, (given) => controls.promote(given), { validator: command((given: PromoteCommand) => { controls.mayPromote(given) }), description: 'Skip the rest of a hold (to: next) or also go to 100 %, or skip the checks of later waves (to: full)' })
  setHandler(messages.abortUpdate, (given) => controls.abort(given), { validator: command(() => { controls.mayStop() }), description: 'Stop and take everything back; ends cancelled' })
  setHandler(messages.rollbackUpdate, (given) => controls.rollback(given), { validator: command(() => { controls.mayStop() }), description: 'Stop and take everything back; ends rolled back' })
  setHandler(messages.retryUpdate, (given) => controls.retry(given), { validator: command((given: JobCommand) => { controls.mayRetry(given) }), description: 'Try a failed job, or measure, again' })
  setHandler(messages.rollbackTargetUpdate, (given) => fleets.rollback(given), { validator: command((given: TargetCommand) => { fleets.mayRollback(given) }), description: 'Take one target back while the others go on' })
  setHandler(messages.retryTargetUpdate, (given) => fleets.retry(given), { validator: command((given: TargetCommand) => { fleets.mayRetry(given) }), description: 'Run the stage\'s jobs on one target again' })
  setHandler(messages.uninstallTargetUpdate, (given) => fleets.uninstall(given), { validator: command((given: TargetCommand) => { fleets.mayUninstall(given) }), description: 'Take off one target what the stage\'s jobs install' })
  answerProgress(fleets)
}

export function answerQueries(state: ReleaseRun['state']): void {
  setHandler(messages.releaseQuery, () => state.view, { description: 'Everything there is to see of the release' })
  setHandler(messages.waitingQuery, () => state.view.waiting, { description: 'What it waits for, since when, until when, who can end it' })
}

/** How far waves have come, and the taking back of targets. */
export function answerProgress(fleets: ReleaseRun['fleets']): void {
  setHandler(waveProgressSignal, (progress) => { fleets.note(progress.stage, progress.changes, progress.wave) })
}

/** A validator: whatever its sender wrote must be a command at least, else the handler would trip over it. @throws REQUEST_INVALID */
const command = <Given extends Command>(may: (given: Given) => void) => (given: Given): void => {
  if (!isCommand(given)) throw failure('REQUEST_INVALID', 'a command is { by, reason? }')
  may(given)
}

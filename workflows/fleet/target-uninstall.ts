import { CancellationScope } from '@temporalio/workflow'
import type { JobCall } from '../../activities/contract.js'
import { failure } from '../../domain/failures.js'
import { codeOf, isStopped, mustBeFailure, reasonOf } from '../failing.js'
import { fleetStore, kindActivities } from '../proxies.js'
import type { TargetInput, TargetResult } from './inputs.js'
import { byAgent } from './place.js'
import { awayText, targetRun } from './target.js'

/** Takes off one target what the stage's jobs install, the last first. What would have been undone is gone with it. */
export async function targetUninstallWorkflow({ waits: _, isPaused: __, ...key }: TargetInput): Promise<TargetResult> {
  const begun = await fleetStore['fleet.begin']({ ...key, waits: false })
  const run = targetRun(begun)
  const { stage } = begun.brief
  let result: TargetResult
  try {
    if (begun.presence === 'offline') throw failure('TARGET_UNREACHABLE', awayText(begun))
    const refusals: (string | null)[] = []
    for (const job of [...stage.jobs].reverse()) if (job.runsIn === 'activity') refusals.push(await uninstall(run.call(stage, job, 1), job, run.target?.place))
    if (!refusals.includes(null)) throw failure('CONFIG_INVALID', `no job of ${stage.name} installs anything${refusals.map((why) => `; ${why ?? ''}`).join('')}`)
    result = { status: 'uninstalled', message: null }
  } catch (error) {
    mustBeFailure(error)
    result = { status: isStopped(error) ? 'stopped' : 'failed', message: isStopped(error) ? 'stopped' : `not uninstalled: ${reasonOf(error)}` }
  }
  await CancellationScope.nonCancellable(async () => {
    const { status, message } = result
    if (status !== 'uninstalled') return fleetStore['fleet.undone']({ ...key, status, message, states: [] })
    const { entries } = await fleetStore['fleet.undoOf']({ ...key, from: 0 })
    return fleetStore['fleet.undone']({ ...key, status, message, states: entries.map(({ id }) => ({ id, state: 'undone', error: null })) })
  })
  return result
}

/** @returns why not, when the job's kind installs nothing */
async function uninstall(call: JobCall, job: Parameters<typeof kindActivities>[0], place: Parameters<typeof byAgent>[0]): Promise<string | null> {
  try {
    await byAgent(place, job.name, () => kindActivities(job, place).uninstall(call))
    return null
  } catch (error) {
    mustBeFailure(error)
    if (codeOf(error) === 'CONFIG_INVALID') return reasonOf(error)
    throw error
  }
}

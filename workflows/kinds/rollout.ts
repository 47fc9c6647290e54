import type { Side } from '../../drivers/traffic/port.js'
import type { Strategy } from '../../plan/kinds/strategy.js'
import { rollout } from '../proxies.js'
import { runBlueGreen } from '../strategies/blue-green.js'
import { runCanary } from '../strategies/canary.js'
import type { Shift } from '../strategies/shift.js'
import type { Story } from './story.js'

/**
 * The new version beside the old one, traffic moved by the strategy, the old one retired.
 * Each undo is promised before what it undoes. Taken back in the end: old version alive → route as it was → new version stopped.
 */
export const rolloutStory: Story<'rollout'> = async (run, { stage, job, call, config }) => {
  const route = { gateway: config.route.gateway, route: config.route.name }
  const { snapshot, stable } = await run.before(`${stage.name}/${job.name}`, () => rollout.snapshot(call))
  const promise = (activity: string, what: string, wave: 'traffic' | 'rest', manual: string): void => run.undo.promise({ call, snapshot, activity, what, wave, manual })

  promise('rollout.removeCandidate', `${config.service} ${call.release.version} started`, 'rest', `Stop the processes of ${config.service} ${call.release.version}.`)
  const { candidate, outputs } = await rollout.deploy(call)

  promise('rollout.restoreRoute', `split of ${route.gateway}/${route.route}`, 'traffic', `Send all traffic of route ${route.route} to ${stable?.version ?? 'nothing'} at ${route.gateway}.`)
  await shiftBy(config.strategy, { run, stage, view: run.state.job(stage.name, job.name), call, route, stable, candidate, ...routingOf(config.strategy) })

  if (stable !== null) promise('rollout.reviveStable', `${config.service} ${stable.version} retired`, 'traffic', `Start ${config.service} ${stable.version} again.`)
  await rollout.finish({ call, candidate, stable })
  settled(run, route, candidate)
  return { outputs, message: `${config.service} ${candidate.version} takes all traffic of ${route.route}`, artifacts: [] }
}

export async function shiftBy(strategy: Strategy, shift: Shift): Promise<void> {
  switch (strategy.type) {
    case 'canary': return runCanary(shift, strategy)
    case 'blue-green': return runBlueGreen(shift, strategy)
  }
}

export const routingOf = (strategy: Strategy): Pick<Shift, 'sticky' | 'match'> => {
  if (strategy.type !== 'canary') return { sticky: null }
  const { sticky, match } = strategy
  return { sticky: sticky === undefined ? null : { by: sticky.by, ...(sticky.name !== undefined && { name: sticky.name }) }, match }
}

export const settled = (run: Shift['run'], route: Shift['route'], candidate: Side): void =>
  run.state.setSplit({ ...route, percent: 0, stable: candidate.version, candidate: null })

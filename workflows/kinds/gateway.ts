import { failure } from '../../domain/failures.js'
import { RESTORE_ROUTE as RESTORE, rollout, undoActivity } from '../proxies.js'
import type { ReleaseRun } from '../release-run.js'
import type { Story } from './story.js'
import { routeOf } from '../route-of.js'
import { routingOf, settled, shiftBy } from './rollout.js'

/** Shift a route to a version that already runs; or put it back as it was before this release touched it. */
export const gatewayStory: Story<'gateway'> = async (run, { stage, job, call, config }) => {
  const name = config.route ?? config.serviceId ?? ''
  const route = { gateway: config.gateway, route: name }
  if (config.restore === true) return { outputs: {}, message: await restore(run, name), artifacts: [] }
  const { strategy, candidate: asked } = config
  if (strategy === undefined) throw failure('CONFIG_INVALID', 'gateway needs candidate and strategy, or restore: true')
  const url = asked?.url ?? (await rollout.locate(call)).url
  const candidate = { id: call.release.releaseId, version: asked?.version ?? call.release.version, url }
  const { snapshot, stable } = await run.before(`${stage.name}/${job.name}`, () => rollout.snapshot(call))
  run.undo.promise({ call, snapshot, activity: RESTORE, what: `split of ${route.gateway}/${name}`, wave: 'traffic', manual: `Send all traffic of route ${name} to ${stable?.version ?? 'nothing'} at ${route.gateway}.` })
  await shiftBy(strategy, { run, stage, view: run.state.job(stage.name, job.name), call, route, stable, candidate, ...routingOf(strategy) })
  await rollout.finish({ call, candidate, stable })
  settled(run, route, candidate)
  return { outputs: { url: candidate.url }, message: `${candidate.version} takes all traffic of ${name}`, artifacts: [] }
}

/** The first snapshot this release took of the route is the truth. */
async function restore(run: ReleaseRun, route: string): Promise<string> {
  const entry = run.undo.entries.find(({ activity, input }) => activity === RESTORE && routeOf(input) === route)
  if (entry === undefined) return `this release has not touched ${route}`
  await undoActivity(RESTORE, `restore ${route}`)(entry.input)
  return `${route} is as it was`
}

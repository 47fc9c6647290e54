import { durationMs } from '../../domain/duration.js'
import { hold } from '../hold.js'
import type { JudgeInput } from '../../activities/contract.js'
import { criterion, judgeDefaults } from '../judging.js'
import type { Story } from './story.js'

/** Watch metrics for a while; a job without `duration` measures once. */
export const analysisStory: Story<'analysis'> = async (run, { stage, job, call, config }) => {
  const forMs = config.duration === undefined ? 0 : durationMs(config.duration)
  const source: JudgeInput['source'] = config.source === 'gateway'
    ? { type: 'gateway', gateway: 'edge', route: config.route ?? '' }
    : config.source === 'json' ? { type: 'json', url: config.address ?? '', headers: config.headers ?? {} }
      : { type: 'prometheus', address: config.address ?? null, headers: config.headers ?? {} }
  const { verdict } = await hold(run, {
    stage: stage.name, job: job.name, where: 'analysis', forMs,
    judges: [{
      call, what: job.name, source, baseline: null, minRequests: config.minRequests, failureLimit: config.failureLimit, errorLimit: config.consecutiveErrorLimit,
      criteria: config.queries.map(({ name, query, threshold }) => criterion(name, query, threshold)),
      ...judgeDefaults(config.source === 'gateway', forMs, config),
    }],
  })
  return { outputs: { ...verdict?.measures }, message: verdict?.reason ?? '', artifacts: [] }
}

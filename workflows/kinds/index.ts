import type { JobCall } from '../../activities/contract.js'
import type { CompiledJob, CompiledStage } from '../../domain/compiled-plan.js'
import { failure } from '../../domain/failures.js'
import type { WorkflowKind } from '../../plan/kinds/index.js'
import type { ReleaseRun } from '../release-run.js'
import { analysisStory } from './analysis.js'
import { approvalStory, conditionStory, waitStory } from './flow.js'
import { gatewayStory } from './gateway.js'
import { rolloutStory } from './rollout.js'
import type { Story, StoryResult } from './story.js'

const STORIES: { [Kind in WorkflowKind]: Story<Kind> } = {
  rollout: rolloutStory, gateway: gatewayStory, analysis: analysisStory, wait: waitStory, approval: approvalStory, condition: conditionStory,
}

export async function runStory(run: ReleaseRun, stage: CompiledStage, job: CompiledJob, call: JobCall): Promise<StoryResult> {
  const story = (STORIES as unknown as Record<string, Story<never> | undefined>)[job.kind]
  if (story === undefined) throw failure('CONFIG_INVALID', `this worker has no kind ${job.kind}`)
  return story(run, { stage, job, call, config: call.config as never })
}

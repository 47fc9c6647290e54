import type { CompiledJob, CompiledStage } from '../domain/compiled-plan.js'
import type { JsonObject } from '../domain/json.js'
import { joinPath } from '../domain/reference-path.js'
import { kindNamed } from './kind-named.js'

const OUTPUTS = { GIT_REPO: 'repository', GIT_BRANCH: 'branch', GIT_COMMIT: 'commit', GIT_COMMIT_SHORT: 'shortCommit', GIT_TAG: 'tag', GIT_MESSAGE: 'message' } as const

/**
 * Spec 2 §3.5.2: jobs that hand variables on know what the last gitpull job before them brought. Only one that has
 * certainly run by then: without a condition, and where a failure does not just go on. Variables of these names that the
 * plan has stay.
 */
export function handOnGitFacts(stages: readonly CompiledStage[]): void {
  let earlier: CompiledJob | undefined
  for (const stage of stages) {
    const certain = stage.onError === 'continue' || stage.condition !== null ? [] : stage.jobs.filter(({ kind, condition }) => kind === 'gitpull' && condition === null)
    for (const [n, job] of stage.jobs.entries()) {
      const before = certain.filter((pull) => stage.parallel ? job.dependsOn.includes(pull.name) : stage.jobs.indexOf(pull) < n)
      const source = before.at(-1) ?? earlier
      if (source && kindNamed(job.kind)?.variables === true) job.variables = { ...factsOf(source), ...job.variables }
    }
    // What runs once a target has an output a target: later stages cannot know which.
    earlier = stage.fleet ? earlier : certain.at(-1) ?? earlier
  }
}

const factsOf = ({ name }: CompiledJob): JsonObject =>
  Object.fromEntries(Object.entries(OUTPUTS).map(([variable, output]) => [variable, { $late: [{ ref: joinPath(['jobs', name, 'outputs', output]) }] }]))

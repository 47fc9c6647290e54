import { failure } from '../domain/failures.js'
import type { JobCall, UndoCall } from './contract.js'

/** An agent's target, and where it belongs. */
export interface OwnTarget { id: string; name: string; tenant: string; project: string; environment: string }
type Activities = Record<string, (input: never) => Promise<unknown>>

/**
 * The activities of an agent, for its own target and for releases of that target's environment only: who may put tasks on
 * its queue is Temporal's matter, what it runs is its own. @throws FORBIDDEN before anything is looked at
 */
export function forOwnTarget<Known extends Activities>(self: OwnTarget, activities: Known): Known {
  const guarded = Object.entries(activities).map(([name, run]) => [name, async (input: never) => {
    mustBeOurs(self, name, input)
    return run(input)
  }] as const)
  return Object.fromEntries(guarded) as Known
}

function mustBeOurs(self: OwnTarget, activity: string, input: JobCall | UndoCall): void {
  const { release, target } = 'call' in input ? input.call : input
  const whose = target === null ? 'no target' : `target ${target.name}`
  if (target?.id !== self.id) throw failure('FORBIDDEN', `the agent of ${self.name} does nothing for ${whose} (${activity})`)
  const [theirs, ours] = [release, self].map(({ tenant, project, environment }) => `${tenant}/${project}/${environment}`)
  if (theirs !== ours) throw failure('FORBIDDEN', `the agent of ${self.name} is of ${self.project}/${self.environment}: it does nothing for release ${release.releaseId} of ${release.project}/${release.environment}`)
}

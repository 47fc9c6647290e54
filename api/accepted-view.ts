import type { ReleaseInput, ReleaseView } from '../domain/release.js'

/** A release as it is before its workflow has said anything: all is still to come. */
export const acceptedView = ({ release, plan, acceptedAt }: ReleaseInput): ReleaseView => ({
  release, plan: { name: plan.name, description: plan.description, owner: plan.owner }, concurrency: plan.concurrency,
  status: 'accepted', reason: null, acceptedAt, startedAt: null, endedAt: null, paused: null,
  stages: plan.stages.map(({ name, phase, jobs }) => ({
    name, phase, status: 'pending', startedAt: null, endedAt: null,
    jobs: jobs.map((job) => ({ name: job.name, kind: job.kind, status: 'pending', attempt: 0, startedAt: null, endedAt: null, message: null, outputs: {}, phases: [] })),
  })),
  splits: [], waiting: [], approvals: [], undo: [], sequence: 0,
})

import type { ApprovalView, JobView, PhaseView, ReleaseView, StageView } from '../../domain/release.js'

/** The moment the samples are looked at. */
export const NOW = Date.parse('2026-11-21T09:38:00Z')

const job = (name: string, kind: string, rest: Partial<JobView> = {}): JobView =>
  ({ name, kind, status: 'pending', attempt: 1, startedAt: null, endedAt: null, message: null, outputs: {}, phases: [], ...rest })
const stage = (name: string, jobs: JobView[], rest: Partial<StageView> = {}): StageView =>
  ({ name, phase: 'release', status: 'pending', startedAt: null, endedAt: null, jobs, ...rest })
const phase = (percent: number, holdMs: number, rest: Partial<PhaseView> = {}): PhaseView =>
  ({ percent, status: 'pending', holdMs, startedAt: null, endsAt: null, verdict: null, reason: null, criteria: CRITERIA, measures: {}, ...rest })
const CRITERIA: PhaseView['criteria'] = [
  { name: 'errorRate', threshold: { comparison: '<', value: 0.01, unit: 'ratio' } },
  { name: 'p95', threshold: { comparison: '<', value: 300, unit: 'ms' } },
]
const at = (time: string): string => `2026-11-21T${time}Z`

const shipApproval: ApprovalView = {
  id: 'ship', spec: { approvers: ['lead@example.com', 'manager@example.com'], groups: [], quorum: 2, expiresMs: 14_400_000, allowAuthor: false, doors: null },
  status: 'approved', requestedAt: at('09:20:08'), expiresAt: at('13:20:08'),
  decisions: [
    { by: 'lead@example.com', door: 'api', verdict: 'approve', comment: null, at: at('09:22:00'), counted: true, refusedBecause: null },
    { by: 'manager@example.com', door: 'slack', verdict: 'approve', comment: 'go', at: at('09:24:00'), counted: true, refusedBecause: null },
  ],
}

/** A canary in the middle of its second phase. */
export function midCanary(): ReleaseView {
  return {
    release: { tenant: 'default', releaseId: 'r-7f3k2m', project: 'shop', environment: 'production', version: '2.4.0', requestedBy: 'dana@example.com', bundle: 'b'.repeat(64) },
    plan: { name: 'shop-checkout', description: 'Checkout with wallets', owner: 'team-shop@example.com' },
    concurrency: { key: 'shop/production', policy: 'queue' },
    status: 'running', reason: null, acceptedAt: at('09:20:00'), startedAt: at('09:20:00'), endedAt: null, paused: null,
    stages: [
      stage('prepare', [
        job('smoke', 'validation', { status: 'succeeded', startedAt: at('09:20:00'), endedAt: at('09:20:03'), message: 'http://127.0.0.1:4001/health answers 200' }),
        job('unit-tests', 'script', { status: 'succeeded', startedAt: at('09:20:03'), endedAt: at('09:20:08'), message: '42 tests passed' }),
      ], { phase: 'pre_release', status: 'succeeded', startedAt: at('09:20:00'), endedAt: at('09:20:08') }),
      stage('ship', [
        job('rollout', 'rollout', { status: 'running', startedAt: at('09:24:00'), phases: [
          phase(5, 600_000, { status: 'passed', startedAt: at('09:24:05'), endsAt: at('09:34:05'), verdict: 'pass', measures: { errorRate: 0.0021, p95: 182 } }),
          phase(25, 600_000, { status: 'holding', startedAt: at('09:34:06'), endsAt: at('09:44:06'), verdict: 'pass', measures: { errorRate: 0.004, p95: 210 } }),
          phase(50, 1_800_000), phase(100, 600_000),
        ] }),
      ], { status: 'running', startedAt: at('09:20:08') }),
      stage('announce', [job('tell', 'notification')], { phase: 'post_release' }),
    ],
    splits: [{ gateway: 'edge', route: 'shop', percent: 25, stable: '2.3.1', candidate: '2.4.0', before: '2.3.1', at: at('09:34:06') }],
    waiting: [{
      what: 'hold', where: 'shop at 25% (rollout)', since: at('09:34:06'), until: at('09:44:06'), who: [], commands: ['promote', 'pause', 'abort'], full: 'traffic', detail: 'holding for 10m',
    }],
    approvals: [shipApproval],
    undo: [
      { id: 'ship/rollout/1', what: 'candidate shop 2.4.0', state: 'promised', error: null, manual: 'stop the process of shop 2.4.0' },
      { id: 'ship/rollout/2', what: 'split of edge/shop', state: 'promised', error: null, manual: 'set edge/shop back to 2.3.1' },
    ],
    sequence: 17,
  }
}

/** The same release before anyone has said yes for the second time. */
export function awaitingApproval(): ReleaseView {
  const view = midCanary()
  const [first] = shipApproval.decisions
  return {
    ...view, status: 'approving', splits: [], undo: [],
    stages: view.stages.map((one) => one.name === 'ship' ? { ...one, status: 'approving', jobs: [job('rollout', 'rollout', { phases: [phase(5, 600_000), phase(25, 600_000), phase(50, 1_800_000), phase(100, 600_000)] })] } : one),
    approvals: [{ ...shipApproval, status: 'pending', decisions: first ? [first] : [] }],
    waiting: [{ what: 'approval', where: 'ship', since: at('09:20:08'), until: at('13:20:08'), who: ['lead@example.com', 'manager@example.com'], commands: ['approve', 'reject'], detail: '2 of lead@example.com, manager@example.com' }],
  }
}

/** The error rate rose: taken back, one thing left over. */
export function rolledBack(ending: 'rolling_back' | 'rolled_back' | 'failed'): ReleaseView {
  const view = midCanary()
  const reason = 'error rate 20% over <1% at 25 %'
  return {
    ...view, status: ending, reason, waiting: [], endedAt: ending === 'rolling_back' ? null : at('09:37:00'),
    stages: view.stages.map((one) => one.name === 'ship' ? {
      ...one, status: ending === 'rolling_back' ? 'failed' : 'undone', endedAt: at('09:36:30'),
      jobs: one.jobs.map((its) => ({
        ...its, status: 'failed', endedAt: at('09:36:30'), message: reason,
        phases: its.phases.map((part) => part.percent === 25 ? { ...part, status: 'failed', verdict: 'fail', reason, measures: { errorRate: 0.2, p95: 210 } } : part),
      })),
    } : one),
    splits: view.splits.map((split) => ({ ...split, percent: 0 })),
    undo: view.undo.map((undo) => undo.id === 'ship/rollout/2' ? { ...undo, state: 'undone' }
      : ending === 'failed' ? { ...undo, state: 'failed', error: 'the host did not answer' } : { ...undo, state: ending === 'rolled_back' ? 'undone' : 'promised' }),
  }
}

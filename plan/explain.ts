import type { ApprovalSpec, CompiledJob, CompiledPlan, CompiledStage } from '../domain/compiled-plan.js'
import { formatDuration } from '../domain/duration.js'
import { fleetLines } from './explain-fleet.js'
import { kindNamed } from './kind-named.js'
import { after, inGraphOrder, jobSpan, NO_TIME, stageSpan, withoutLate, type Span } from './timing.js'

/** What a plan will do, in order. Spans are in ms; Infinity where nothing ends it. Waiting for the lock and the window comes on top. */
export interface Explanation extends Span {
  name: string
  gates: string[]
  stages: ExplainedStage[]
  /** What would be taken back after all of it had been done, in order. */
  undo: string[]
  rollback: ExplainedStage[]
  text: string
}
export interface ExplainedStage extends Span { name: string; phase: string; gates: string[]; jobs: ExplainedJob[] }
export interface ExplainedJob extends Span { name: string; kind: string; after: string[]; condition: string | null; does: string[]; attempts: number; timeoutMs: number }

export function explainPlan(plan: CompiledPlan): Explanation {
  const stages = plan.stages.map(explainStage)
  const total = stages.reduce<Span>(after, NO_TIME)
  const longestMs = Math.min(total.longestMs, plan.options.timeoutMs ?? Infinity)
  const parts = {
    name: plan.name, gates: gatesOf(plan), stages, undo: undoLines(plan), rollback: plan.rollback.map(explainStage),
    shortestMs: Math.min(total.shortestMs, longestMs), longestMs,
  }
  return { ...parts, text: asText(parts) }
}

function explainStage(stage: CompiledStage): ExplainedStage {
  const gates = [
    ...stage.condition === null ? [] : [`only if ${stage.condition}`],
    ...stage.approval ? [approvalLine(stage.approval)] : [],
    ...stage.fleet ? fleetLines(stage.fleet, approvalLine) : [],
  ]
  return { name: stage.name, phase: stage.phase, gates, ...stageSpan(stage), jobs: (stage.parallel ? inGraphOrder(stage.jobs) : stage.jobs).map((job, n, all) => explainJob(job, stage.parallel ? job.dependsOn : all.slice(Math.max(0, n - 1), n).map(({ name }) => name))) }
}

function explainJob(job: CompiledJob, waitsFor: string[]): ExplainedJob {
  const kind = kindNamed(job.kind)
  const said = kind?.explain && withoutLate(() => kind.explain?.(job.config))
  return {
    name: job.name, kind: job.kind, after: waitsFor, condition: job.condition, does: said?.does ?? [...holdLines(job), ...kind ? [kind.description] : []],
    attempts: job.retry.attempts, timeoutMs: job.timeoutMs, ...jobSpan(job),
  }
}

const approvalLine = ({ approvers, groups, quorum, expiresMs, allowAuthor }: ApprovalSpec): string => {
  const people = [...approvers, ...groups.map((group) => `group ${group}`)]
  return `waits for ${quorum} of ${people.length > 0 ? people.join(', ') : 'anyone with the role approver'}${allowAuthor ? ', the author too' : ''}, at most ${formatDuration(expiresMs)}`
}

function gatesOf({ concurrency, window }: CompiledPlan): string[] {
  const policy = { queue: 'waits for its turn', reject: 'is refused while another runs', supersede: 'takes the place of those that wait' }[concurrency.policy]
  return [
    `one release at a time of ${concurrency.key}: it ${policy}`,
    ...window ? [`starts ${window.allowed.map(({ days, start, end }) => `${days.map((day) => DAYS[day - 1]).join(' ')} ${start}–${end}`).join(', ')} (${window.timezone})${window.blackoutDates.length > 0 ? `, not on ${window.blackoutDates.join(', ')}` : ''}`] : [],
  ]
}
const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** The phases of a job that shifts traffic. */
function holdLines({ config }: CompiledJob): string[] {
  const strategy = config['strategy'] as { type?: string; phases?: Phase[]; watch?: string; keepOld?: string; approval?: unknown } | undefined
  if (strategy?.type === 'canary') return (strategy.phases ?? []).map((phase) => `${shown(phase.percentage)} %${phase.duration === undefined ? '' : ` for ${shown(phase.duration)}`}${criteria(phase.successCriteria)}${phase.approval === undefined ? '' : ', after an approval'}`)
  if (strategy?.type === 'blue-green') return [`all traffic at once${strategy.approval === undefined ? '' : ', after an approval'}${strategy.watch === undefined ? '' : `, watched for ${shown(strategy.watch)}`}${strategy.keepOld === undefined ? '' : `; the old version is kept for ${shown(strategy.keepOld)}`}`]
  return []
}
interface Phase { percentage?: unknown; duration?: unknown; successCriteria?: Record<string, unknown>; approval?: unknown }
const shown = (value: unknown): string => typeof value === 'string' || typeof value === 'number' ? String(value) : 'a value known later'
const criteria = (given: Record<string, unknown> | undefined): string => given && Object.keys(given).length > 0 ? `, as long as ${Object.entries(given).map(([name, threshold]) => `${name} ${shown(threshold)}`).join(' and ')}` : ''

/** Kinds whose undo sets traffic: those go first (design §4). */
const TRAFFIC = new Set(['rollout', 'gateway'])

function undoLines({ stages }: CompiledPlan): string[] {
  const jobs = stages.flatMap((stage) => stage.parallel ? inGraphOrder(stage.jobs) : stage.jobs).filter(({ hasUndo }) => hasUndo).reverse()
  const rest = jobs.flatMap((job) => withoutLate(() => kindNamed(job.kind)?.explain?.(job.config)?.undoes) ?? [`what ${job.name} (${job.kind}) did`])
  return [...jobs.filter(({ kind }) => TRAFFIC.has(kind)).map(({ name }) => `the traffic ${name} shifted`), ...rest]
}

function asText({ name, gates, stages, undo, rollback, shortestMs, longestMs }: Omit<Explanation, 'text'>): string {
  return [
    `${name}: ${span({ shortestMs, longestMs })}, once it has started`,
    ...gates.map((gate) => `  ${gate}`),
    ...stages.flatMap((stage, n) => stageLines(stage, `${n + 1}`)),
    'if it is taken back:',
    ...undo.length > 0 || rollback.length > 0 ? undo.map((line, n) => `  ${n + 1}. ${line}`) : ['  nothing to undo'],
    ...rollback.flatMap((stage) => stageLines(stage, 'then')),
  ].join('\n')
}

function stageLines(stage: ExplainedStage, label: string): string[] {
  return [
    `${label} ${stage.name} (${stage.phase}), ${span(stage)}`,
    ...stage.gates.map((gate) => `    ${gate}`),
    ...stage.jobs.flatMap((job) => [
      `    - ${job.name} [${job.kind}]${job.after.length > 0 ? ` after ${job.after.join(', ')}` : ''}${job.condition === null ? '' : ` if ${job.condition}`}, ${span(job)}${job.attempts > 1 ? `, up to ${job.attempts} attempts` : ''}`,
      ...job.does.map((line) => `        ${line}`),
    ]),
    ...stage.jobs.length === 0 ? ['    no jobs'] : [],
  ]
}

const span = ({ shortestMs, longestMs }: Span): string =>
  `${shortestMs === longestMs ? '' : `${shortestMs === 0 ? '0s' : formatDuration(shortestMs)} to `}${longestMs === Infinity ? 'no limit' : longestMs === 0 ? '0s' : formatDuration(longestMs)}`

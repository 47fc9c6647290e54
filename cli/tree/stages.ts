import type { ApprovalView, JobView, ReleaseView, StageView } from '../../domain/release.js'
import { spent } from './clock.js'
import { fleetLines } from './fleet.js'
import { glyph } from './glyphs.js'
import { line, padTo, span, type Line, type Span } from './line.js'
import { phaseLines } from './phases.js'
import type { TreeOptions } from './options.js'
import stringWidth from 'string-width'

const BRANCH = span('│ ', 'dim')
const FINISHED = ['succeeded', 'skipped', 'undone']

/** A stage with its approvals, jobs and their phases. Folded, a finished stage is one line. */
export function stageLines(stage: StageView, view: ReleaseView, options: TreeOptions, folded: boolean): Line[] {
  const head = line(
    [glyph(stage.status, options.frame), span(' '), span(stage.name, stage.status === 'pending' || stage.status === 'skipped' ? 'dim' : 'bold')],
    timeOf(stage, options),
  )
  if (folded && (FINISHED.includes(stage.status) || stage.status === 'pending')) return [head]
  const nameColumns = Math.max(...stage.jobs.map(({ name }) => stringWidth(name)), 10)
  const kindColumns = Math.max(...stage.jobs.map(({ kind }) => stringWidth(kind)), 8)
  return [
    head,
    ...view.approvals.filter(({ id }) => id === stage.name || isOfWave(stage, id)).map((approval) => approvalLine(approval, options)),
    ...stage.fleet ? [line([BRANCH, span(`on each  ${stage.jobs.map(({ name, kind }) => `${name} (${kind})`).join(', ')}`, 'dim')]), ...fleetLines(stage, options)] : stage.jobs.flatMap((job) => [
      jobLine(job, nameColumns, kindColumns, options),
      ...view.approvals.filter(({ id }) => id === `${stage.name}/${job.name}` || id.startsWith(`${stage.name}/${job.name}/`)).map((approval) => approvalLine(approval, options, '  ')),
      ...phaseLines(job, options, [BRANCH, span('  ')]),
    ]),
  ]
}

const isOfWave = ({ name, fleet }: StageView, id: string): boolean => fleet?.waves.some((wave) => id === `${name}/${wave.name}`) === true

function jobLine(job: JobView, nameColumns: number, kindColumns: number, options: TreeOptions): Line {
  const message = job.message ?? (job.attempt > 1 && job.status === 'running' ? `attempt ${job.attempt}` : '')
  return line([
    BRANCH, glyph(job.status, options.frame), span(' '),
    span(padTo(job.name, nameColumns), job.status === 'pending' || job.status === 'skipped' ? 'dim' : 'plain'), span('  '),
    span(padTo(job.kind, kindColumns), 'dim'), span('  '),
    span(message, job.status === 'failed' ? 'red' : 'dim'),
  ], timeOf(job, options))
}

const APPROVAL = {
  pending: ['◆', 'yellow', 'waits for a yes'], approved: ['✔', 'green', 'approved'], rejected: ['✘', 'red', 'rejected'],
  expired: ['✘', 'yellow', 'expired'], skipped: ['–', 'dim', 'approval skipped'],
} as const

/** `approved by lead@example.com, 2 of 2`. */
function approvalLine(approval: ApprovalView, { now }: TreeOptions, indent = ''): Line {
  const [mark, colour, word] = APPROVAL[approval.status]
  const counted = approval.decisions.filter(({ counted }) => counted)
  const yes = counted.filter(({ verdict }) => verdict === 'approve')
  const people = counted.map(({ by, comment }) => comment === null ? by : `${by} (“${comment}”)`).join(', ')
  return line([
    BRANCH, span(indent), span(mark, colour), span(` ${word}`, colour),
    span(approval.status === 'skipped' ? '' : `  ${yes.length} of ${approval.spec.quorum}`, 'dim'), span(people === '' ? '' : `  ${people}`),
  ], approval.status === 'pending' ? [span(spent(approval.requestedAt, null, now) ?? '', 'dim')] : [])
}

const timeOf = ({ startedAt, endedAt }: { startedAt: string | null; endedAt: string | null }, { now }: TreeOptions): Span[] => {
  const time = spent(startedAt, endedAt, now)
  return time === null ? [] : [span(time, 'dim')]
}

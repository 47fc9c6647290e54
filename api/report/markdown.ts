import { formatDuration } from '../../domain/duration.js'
import type { Report, ReportFleet, ReportStage, ReportTarget } from '../../domain/report.js'

/** A report for a ticket or a chat: GitHub-flavoured Markdown. What people and far sides wrote is escaped. */
export function markdownReport(report: Report): string {
  const { project, version, environment, requestedBy, reason, tookMs, acceptedAt, startedAt, endedAt, id, plan } = report
  return [
    `# ${text(project)} ${text(version)} to ${text(environment)}: ${outcomeOf(report)}`, '',
    ...reason === null ? [] : [`> ${text(reason)}`, ''],
    ...table(['', ''], [
      ['release', `\`${id}\``], ['plan', text(plan)], ['asked for by', text(requestedBy)], ['accepted', when(acceptedAt)], ['started', when(startedAt)],
      ['ended', when(endedAt)], ['took', spent(tookMs)],
    ]),
    '## Stages', '', ...table(['stage', 'job', 'kind', 'status', 'tries', 'took', 'says'], report.stages.flatMap((stage) => [
      [`**${text(stage.name)}**`, '', stage.phase, stage.status, '', spent(stage.tookMs), ''],
      ...stage.jobs.map((job) => ['', text(job.name), job.kind, job.status, String(job.attempts), spent(job.tookMs), text(firstLine(job.message))]),
    ])),
    ...report.stages.flatMap(targetLines),
    ...section('Approvals', ['approval', 'status', 'who', 'said', 'through', 'at', 'comment'], report.approvals.flatMap(({ id: approval, status, decisions }) => decisions.length === 0
      ? [[text(approval), status, '', '', '', '', '']]
      : decisions.map(({ by, verdict, door, at, comment, counted }) => [text(approval), status, text(by), counted ? verdict : `${verdict} (did not count)`, door, when(at), text(comment ?? '')]))),
    ...section('Verdicts', ['at', 'where', 'verdict'], report.verdicts.map(({ at, stage, job, message }) => [when(at), text([stage, job].filter((part) => part !== null).join('/')), text(message)])),
    ...section('Traffic', ['route', 'stable', 'candidate', 'percent', 'at'], report.splits.map(({ gateway, route, stable, candidate, percent, at }) => [text(`${gateway}/${route}`), text(stable ?? ''), text(candidate ?? ''), `${percent}%`, when(at)])),
    ...section('Interventions', ['at', 'what'], report.interventions.map(({ at, message }) => [when(at), text(message)])),
    ...section('Undo', ['what', 'state', 'error', 'what a person must do'], report.undo.map(({ what, state, error, manual }) => [text(what), state, text(error ?? ''), text(manual ?? '')])),
  ].join('\n')
}

/** Of thousands a ticket needs the first, and all that a person must look at. */
const MOST_TARGETS = 200

/** A stage's targets and the jobs on each. */
function targetLines({ name, fleet }: ReportStage): string[] {
  if (!fleet) return []
  const shown = shownTargets(fleet.targets, MOST_TARGETS)
  const left = fleet.targets.length - shown.length
  return [
    `## Targets of ${text(name)}`, '', `${fleet.total}: ${countsOf(fleet)}`, '',
    ...table(['wave', 'targets', 'failed', 'status', 'took'], fleet.waves.map((wave) => [text(wave.name), String(wave.targets), String(wave.failed), wave.status, spent(wave.tookMs)])),
    ...table(['target', 'job', 'wave', 'status', 'tries', 'took', 'says'], shown.flatMap((target) => [
      [`**${text(target.name)}**`, '', text(target.wave ?? ''), target.status, String(target.passes), spent(target.tookMs), text(firstLine(target.message))],
      ...target.jobs.map((job) => ['', `${text(job.name)} (${job.kind})`, '', job.status, String(job.attempts), spent(job.tookMs), text(firstLine(job.message))]),
    ])),
    ...left > 0 ? [`And ${left} more targets; the JSON report has all of them.`, ''] : [],
  ]
}

/** Those that need a person first; no more than `most`, unless more need one. */
export function shownTargets(targets: readonly ReportTarget[], most: number): ReportTarget[] {
  const needsLook = ({ status }: ReportTarget): boolean => status === 'failed' || status === 'stuck'
  const [bad, others] = [targets.filter(needsLook), targets.filter((target) => !needsLook(target))]
  return [...bad, ...others.slice(0, Math.max(0, most - bad.length))]
}

export const countsOf = ({ counts }: ReportFleet): string => Object.entries(counts).map(([status, count]) => `${count} ${status}`).join(', ')
export const outcomeOf = ({ outcome, status }: Report): string => (outcome ?? status).replace('_', ' ')
/** Of an ISO 8601 time in UTC, what a person reads. */
export const when = (time: string | null): string => time === null ? 'not yet' : `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`
export const spent = (ms: number | null): string => ms === null ? '' : formatDuration(ms)
const firstLine = (message: string | null): string => (message ?? '').split('\n')[0] ?? ''

const section = (title: string, head: string[], rows: string[][]): string[] => rows.length === 0 ? [] : [`## ${title}`, '', ...table(head, rows)]
const table = (head: string[], rows: string[][]): string[] => [row(head), row(head.map(() => '---')), ...rows.map(row), '']
const row = (cells: string[]): string => `| ${cells.join(' | ')} |`
/** Nothing in it is markup, and it stays in its cell. */
const text = (value: string): string => value.replace(/[\\`*_{}[\]<>#|!]/g, '\\$&').replace(/\s*\n\s*/g, ' ')

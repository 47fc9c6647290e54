import { formatDuration } from '../../domain/duration.js'
import type { Report } from '../../domain/report.js'

/** A report for a ticket or a chat: GitHub-flavoured Markdown. What people and far sides wrote is escaped. */
export function markdownReport(report: Report): string {
  const { project, version, environment, requestedBy, reason, tookMs, acceptedAt, startedAt, endedAt, id, plan } = report
  return [
    `# ${text(project)} ${text(version)} to ${text(environment)}: ${outcomeOf(report)}`, '',
    ...reason === null ? [] : [`> ${text(reason)}`, ''],
    ...table(['', ''], [
      ['release', `\`${id}\``], ['plan', text(plan)], ['asked for by', text(requestedBy)], ['accepted', acceptedAt], ['started', startedAt ?? 'not yet'],
      ['ended', endedAt ?? 'not yet'], ['took', spent(tookMs)],
    ]),
    '## Stages', '', ...table(['stage', 'job', 'kind', 'status', 'tries', 'took', 'says'], report.stages.flatMap((stage) => [
      [`**${text(stage.name)}**`, '', stage.phase, stage.status, '', spent(stage.tookMs), ''],
      ...stage.jobs.map((job) => ['', text(job.name), job.kind, job.status, String(job.attempts), spent(job.tookMs), text(firstLine(job.message))]),
    ])),
    ...section('Approvals', ['approval', 'status', 'who', 'said', 'through', 'at', 'comment'], report.approvals.flatMap(({ id: approval, status, decisions }) => decisions.length === 0
      ? [[text(approval), status, '', '', '', '', '']]
      : decisions.map(({ by, verdict, door, at, comment, counted }) => [text(approval), status, text(by), counted ? verdict : `${verdict} (did not count)`, door, at, text(comment ?? '')]))),
    ...section('Verdicts', ['at', 'where', 'verdict'], report.verdicts.map(({ at, stage, job, message }) => [at, text([stage, job].filter((part) => part !== null).join('/')), text(message)])),
    ...section('Traffic', ['route', 'stable', 'candidate', 'percent', 'at'], report.splits.map(({ gateway, route, stable, candidate, percent, at }) => [text(`${gateway}/${route}`), text(stable ?? ''), text(candidate ?? ''), `${percent}%`, at])),
    ...section('Interventions', ['at', 'what'], report.interventions.map(({ at, message }) => [at, text(message)])),
    ...section('Undo', ['what', 'state', 'error', 'what a person must do'], report.undo.map(({ what, state, error, manual }) => [text(what), state, text(error ?? ''), text(manual ?? '')])),
  ].join('\n')
}

export const outcomeOf = ({ outcome, status }: Report): string => (outcome ?? status).replace('_', ' ')
export const spent = (ms: number | null): string => ms === null ? '' : formatDuration(ms)
const firstLine = (message: string | null): string => (message ?? '').split('\n')[0] ?? ''

const section = (title: string, head: string[], rows: string[][]): string[] => rows.length === 0 ? [] : [`## ${title}`, '', ...table(head, rows)]
const table = (head: string[], rows: string[][]): string[] => [row(head), row(head.map(() => '---')), ...rows.map(row), '']
const row = (cells: string[]): string => `| ${cells.join(' | ')} |`
/** Nothing in it is markup, and it stays in its cell. */
const text = (value: string): string => value.replace(/[\\`*_{}[\]<>#|!]/g, '\\$&').replace(/\s*\n\s*/g, ' ')

import type { Report, ReportStage } from '../../domain/report.js'
import { countsOf, outcomeOf, shownTargets, spent, when } from './markdown.js'

const STYLE = `
  :root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; --other: #9a6700 }
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto; padding: 0 1rem }
  h1 small { font-weight: 400 } h2 { margin-top: 2rem } blockquote { border-left: 4px solid var(--line); margin: 0; padding-left: 1rem; white-space: pre-wrap }
  table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line) }
  td.says { white-space: pre-wrap; overflow-wrap: anywhere } .succeeded, .passed, .approved, .undone, .uninstalled { color: var(--good) }
  .failed, .stuck, .rejected, .rolled_back { color: var(--bad) } .skipped, .stopped, .cancelled, .expired, .superseded { color: var(--other) } tr.stage { font-weight: 600 }`

/** A report as one page that stands alone: no script, no file beside it. Every value is escaped. */
export function htmlReport(report: Report): string {
  const { project, version, environment, reason, id } = report
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${text(`${project} ${version} to ${environment}: ${outcomeOf(report)}`)}</title><style>${STYLE}</style></head><body>
<h1>${text(project)} ${text(version)} <small>to ${text(environment)}:</small> <span class="${report.status}">${text(outcomeOf(report))}</span></h1>
${reason === null ? '' : `<blockquote>${text(reason)}</blockquote>`}
${table(['release', 'plan', 'asked for by', 'accepted', 'started', 'ended', 'took'], [plain([id, report.plan, report.requestedBy, when(report.acceptedAt), when(report.startedAt), when(report.endedAt), spent(report.tookMs)])])}
<h2>Stages</h2>
${table(['stage', 'job', 'kind', 'status', 'tries', 'took', 'says'], report.stages.flatMap((stage) => [
    `<tr class="stage">${cells([stage.name, '', stage.phase])}${state(stage.status)}${cells(['', spent(stage.tookMs), ''])}</tr>`,
    ...stage.jobs.map((job) => `<tr>${cells(['', job.name, job.kind])}${state(job.status)}${cells([String(job.attempts), spent(job.tookMs)])}<td class="says">${text(job.message ?? '')}</td></tr>`),
  ]))}
${report.stages.map(targetsOf).join('')}
${section('Approvals', ['approval', 'status', 'who', 'said', 'through', 'at', 'comment'], report.approvals.flatMap((approval) => approval.decisions.length === 0 ? [plain([approval.id, approval.status, '', '', '', '', ''])]
    : approval.decisions.map(({ by, verdict, door, at, comment, counted }) => plain([approval.id, approval.status, by, counted ? verdict : `${verdict} (did not count)`, door, when(at), comment ?? '']))))}
${section('Verdicts', ['at', 'where', 'verdict'], report.verdicts.map(({ at, stage, job, message }) => plain([when(at), [stage, job].filter((part) => part !== null).join('/'), message])))}
${section('Traffic', ['route', 'stable', 'candidate', 'percent', 'at'], report.splits.map(({ gateway, route, stable, candidate, percent, at }) => plain([`${gateway}/${route}`, stable ?? '', candidate ?? '', `${percent}%`, when(at)])))}
${section('Interventions', ['at', 'what'], report.interventions.map(({ at, message }) => plain([when(at), message])))}
${section('Undo', ['what', 'state', 'error', 'what a person must do'], report.undo.map(({ what, state: is, error, manual }) => `<tr>${cells([what])}${state(is)}${cells([error ?? '', manual ?? ''])}</tr>`))}
</body></html>
`
}

const MOST_TARGETS = 2000

/** A stage's targets and the jobs on each, folded: there may be thousands. */
function targetsOf({ name, fleet }: ReportStage): string {
  if (!fleet) return ''
  const shown = shownTargets(fleet.targets, MOST_TARGETS)
  const left = fleet.targets.length - shown.length
  return `<h2>Targets of ${text(name)}</h2>
<p>${fleet.total}: ${text(countsOf(fleet))}</p>
${table(['wave', 'targets', 'failed', 'status', 'took'], fleet.waves.map((wave) => `<tr>${cells([wave.name, String(wave.targets), String(wave.failed)])}${state(wave.status)}${cells([spent(wave.tookMs)])}</tr>`))}
<details${shown.length <= 50 ? ' open' : ''}><summary>${shown.length} targets</summary>
${table(['target', 'job', 'wave', 'status', 'tries', 'took', 'says'], shown.flatMap((target) => [
    `<tr class="stage">${cells([target.name, '', target.wave ?? ''])}${state(target.status)}${cells([String(target.passes), spent(target.tookMs)])}<td class="says">${text(target.message ?? '')}</td></tr>`,
    ...target.jobs.map((job) => `<tr>${cells(['', `${job.name} (${job.kind})`, ''])}${state(job.status)}${cells([String(job.attempts), spent(job.tookMs)])}<td class="says">${text(job.message ?? '')}</td></tr>`),
  ]))}
</details>${left > 0 ? `<p>And ${left} more; the JSON report has all of them.</p>` : ''}
`
}

const section = (title: string, head: string[], rows: string[]): string => rows.length === 0 ? '' : `<h2>${title}</h2>\n${table(head, rows)}`
const table = (head: string[], rows: string[]): string => `<table><thead><tr>${head.map((name) => `<th>${text(name)}</th>`).join('')}</tr></thead><tbody>\n${rows.join('\n')}\n</tbody></table>`
const plain = (values: string[]): string => `<tr>${cells(values)}</tr>`
const cells = (values: string[]): string => values.map((value) => `<td>${text(value)}</td>`).join('')
const state = (status: string): string => `<td class="${status}">${text(status.replace('_', ' '))}</td>`
const text = (value: string): string => value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

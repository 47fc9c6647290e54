import type { JobView, ReleaseView, StageView } from '../domain/release.js'
import type { FleetView } from '../domain/target-run.js'

const GLYPH = { pending: '○', waiting: '◔', approving: '◔', running: '◐', succeeded: '●', failed: '✗', skipped: '–', stopped: '■', undone: '↩' } as const

/** What the Temporal Web UI shows on top of a release, in Markdown. */
export function details(view: ReleaseView): string {
  const { release, plan } = view
  return [
    `### ${release.project} ${release.version} → ${release.environment}: ${view.status.replace('_', ' ')}`,
    ...(view.reason === null ? [] : [`> ${view.reason}`]),
    `Plan **${plan.name}**, asked for by ${release.requestedBy} at ${view.acceptedAt}.`,
    ...view.waiting.map((wait) => `- **Waiting for ${wait.what}** (${wait.where}) ${wait.detail}${wait.until === null ? '' : `, until ${wait.until}`}. Ends it: ${wait.commands.join(', ')}${wait.who.length > 0 ? ` by ${wait.who.join(', ')}` : ''}.`),
    ...view.splits.map((split) => `- ${split.gateway}/${split.route}: **${split.percent}%** to ${split.candidate ?? 'nothing new'}, the rest to ${split.stable ?? 'nothing'}`),
    ...view.stages.flatMap(stageLines),
    ...view.undo.filter(({ state }) => state !== 'promised').map(({ what, state, error, manual }) => `- ↩ ${what}: ${state}${error === null ? '' : ` (${error}). ${manual}`}`),
  ].join('\n').slice(0, 19_000)
}

const stageLines = ({ name, status, jobs, fleet }: StageView): string[] => [`- ${GLYPH[status]} **${name}**`, ...fleet ? fleetLines(fleet) : [], ...jobs.map(jobLine)]
const fleetLines = ({ total, counts, waves, failing }: FleetView): string[] => [
  `  - ${total} targets: ${Object.entries(counts).map(([status, count]) => `${count} ${status}`).join(', ')}`,
  ...waves.map(({ name, status, done, targets }) => `  - wave ${name}: ${status}, ${done} of ${targets}`), ...failing.map(({ target, status, message }) => `  - ✗ ${target} ${status}: ${message ?? ''}`),
]
const jobLine = ({ name, kind, status, message, phases }: JobView): string => {
  const phase = phases.find((one) => one.status === 'holding')
  return `  - ${GLYPH[status]} ${name} (${kind})${phase ? ` at ${phase.percent}%` : ''}${message === null ? '' : `: ${message}`}`
}

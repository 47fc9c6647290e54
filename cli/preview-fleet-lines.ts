import type { FleetPreview, JobPreview, WavePreview } from '../domain/preview.js'
import type { TargetPresence } from '../domain/target.js'

type JobLines = (job: JobPreview, named: string, indent: string) => string[]

/** A stage with targets: its waves in order, and what would change on the first targets of each. Neighbours that undergo the same are told once. */
export function fleetPreviewLines(fleet: FleetPreview, jobs: readonly JobPreview[], jobLines: JobLines): string[] {
  const { stage, total, leftOut, batch, parallel, waves, unknown } = fleet
  if (unknown !== null) return [`  ${stage} on its targets`, `    ? ${unknown}`]
  const inWaves = waves.length > 1 ? ` in ${waves.length} waves` : ''
  return [
    `  ${stage} on ${count(total)}${inWaves}: ${batch} at a time, at most ${parallel} at work${leftOut > 0 ? `; ${leftOut} in no wave` : ''}`,
    ...waves.flatMap((wave, n) => [...waves.length > 1 ? [`    ${n + 1}. wave ${wave.name}: ${count(wave.total)}`] : [], ...waveLines(wave, jobs, jobLines)]),
  ]
}

function waveLines({ targets, more }: WavePreview, jobs: readonly JobPreview[], jobLines: JobLines): string[] {
  const groups: { names: string[]; lines: string[] }[] = []
  for (const { name, presence } of targets) {
    const own = jobs.filter(({ target, changes, unknown }) => target === name && (changes.length > 0 || unknown !== null))
    const lines = own.length === 0 ? ['        nothing'] : own.flatMap((job) => jobLines(job, job.job, '        '))
    const last = groups.at(-1)
    if (last?.lines.join('\n') === lines.join('\n')) last.names.push(named(name, presence))
    else groups.push({ names: [named(name, presence)], lines })
  }
  return [...groups.flatMap(({ names, lines }) => [`      ${names.join(', ')}`, ...lines]), ...more > 0 ? [`      and ${count(more, targets.length > 0 ? 'more target' : 'target')}, not asked`] : []]
}

const named = (name: string, presence: TargetPresence): string => presence === 'offline' ? `${name} (offline)` : name
const count = (n: number, what = 'target'): string => `${n} ${what}${n === 1 ? '' : 's'}`

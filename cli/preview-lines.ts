import type { Change } from '../domain/change.js'
import type { JobPreview, Preview } from '../domain/preview.js'
import { fleetPreviewLines } from './preview-fleet-lines.js'
import type { Terminal } from './terminal.js'
import type { Colour } from './tree/line.js'

/** The answer of a dry run. */
export interface DryRun { dryRun: boolean; explanation: { text?: string }; preview: Preview | null; previewError: string | null }

const MARKS: Record<Change['action'], { mark: string; colour: Colour }> = {
  create: { mark: '+', colour: 'green' }, update: { mark: '~', colour: 'yellow' }, delete: { mark: '-', colour: 'red' },
  run: { mark: '▸', colour: 'cyan' }, none: { mark: '=', colour: 'dim' },
}

/** What would change, job by job, for people; a diff as it is. */
export function previewLines({ preview, previewError }: Pick<DryRun, 'preview' | 'previewError'>, terminal: Pick<Terminal, 'paint'>): string[] {
  if (preview === null) return ['', `what would change is not known: ${previewError ?? 'nobody was asked'}`]
  const told = stagesOf(preview).flatMap((stage) => stageLines(stage, preview, terminal))
  return ['', 'what would change:', ...told.length === 0 ? ['  nothing'] : told, '', 'nothing was touched']
}

const stagesOf = ({ jobs, fleets }: Preview): string[] => [...new Set([...jobs, ...fleets].map(({ stage }) => stage))]

function stageLines(stage: string, { jobs, fleets }: Preview, terminal: Pick<Terminal, 'paint'>): string[] {
  const [fleet, own] = [fleets.find((one) => one.stage === stage), jobs.filter((job) => job.stage === stage)]
  if (fleet) return fleetPreviewLines(fleet, own, (job, named, indent) => jobLines(job, named, indent, terminal))
  return own.filter(({ changes, unknown }) => changes.length > 0 || unknown !== null).flatMap((job) => jobLines(job, `${stage}/${job.job}`, '  ', terminal))
}

function jobLines({ kind, changes, unknown }: JobPreview, named: string, indent: string, terminal: Pick<Terminal, 'paint'>): string[] {
  return [
    `${named} [${kind}]`,
    ...unknown === null ? [] : [`  ${terminal.paint('?', 'yellow')} ${unknown.replaceAll('\n', `\n${indent}    `)}`],
    ...changes.flatMap((change) => changeLines(change, terminal)),
  ].map((line) => `${indent}${line}`)
}

function changeLines({ what, action, before, after, diff }: Change, terminal: Pick<Terminal, 'paint'>): string[] {
  const { mark, colour } = MARKS[action]
  const told = before !== null && after !== null && before !== after ? `: ${before} → ${after}` : after !== null ? `: ${after}` : before !== null ? `: ${before}` : ''
  return [`  ${terminal.paint(mark, colour)} ${what}${told}`, ...diff === undefined ? [] : diff.trimEnd().split('\n').map((line) => `    ${terminal.paint(line, colourOfDiff(line))}`)]
}

const colourOfDiff = (line: string): Colour => line.startsWith('+') ? 'green' : line.startsWith('-') ? 'red' : line.startsWith('@@') ? 'cyan' : 'dim'

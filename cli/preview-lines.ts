import type { Change } from '../domain/change.js'
import type { JobPreview, Preview } from '../domain/preview.js'
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
  const acting = preview.jobs.filter(({ changes, unknown }) => changes.length > 0 || unknown !== null)
  return ['', 'what would change:', ...acting.length === 0 ? ['  nothing'] : acting.flatMap((job) => jobLines(job, terminal)), '', 'nothing was touched']
}

function jobLines({ stage, job, kind, changes, unknown }: JobPreview, terminal: Pick<Terminal, 'paint'>): string[] {
  return [
    `  ${stage}/${job} [${kind}]`,
    ...unknown === null ? [] : [`    ${terminal.paint('?', 'yellow')} ${unknown.replaceAll('\n', '\n      ')}`],
    ...changes.flatMap((change) => changeLines(change, terminal)),
  ]
}

function changeLines({ what, action, before, after, diff }: Change, terminal: Pick<Terminal, 'paint'>): string[] {
  const { mark, colour } = MARKS[action]
  const told = before !== null && after !== null && before !== after ? `: ${before} → ${after}` : after !== null ? `: ${after}` : before !== null ? `: ${before}` : ''
  return [`    ${terminal.paint(mark, colour)} ${what}${told}`, ...diff === undefined ? [] : diff.trimEnd().split('\n').map((line) => `      ${terminal.paint(line, colourOfDiff(line))}`)]
}

const colourOfDiff = (line: string): Colour => line.startsWith('+') ? 'green' : line.startsWith('-') ? 'red' : line.startsWith('@@') ? 'cyan' : 'dim'

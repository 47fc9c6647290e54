import type { JobStatus, PhaseView, ReleaseStatus, StageStatus } from '../../domain/release.js'
import { span, type Colour, type Span } from './line.js'

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const
/** The spinner's picture in a frame; frames count up from 0. */
export const spinner = (frame: number): string => SPINNER[frame % SPINNER.length] ?? SPINNER[0]

type AnyStatus = JobStatus | StageStatus | PhaseView['status'] | ReleaseStatus
const GLYPHS: Record<AnyStatus, [glyph: string, colour: Colour]> = {
  accepted: ['○', 'dim'], pending: ['○', 'dim'], queued: ['◷', 'yellow'], waiting_window: ['◷', 'yellow'], waiting: ['◷', 'yellow'],
  approving: ['◆', 'yellow'], running: ['', 'cyan'], holding: ['', 'cyan'], paused: ['‖', 'yellow'], rolling_back: ['', 'magenta'],
  succeeded: ['✔', 'green'], passed: ['✔', 'green'], failed: ['✘', 'red'], skipped: ['–', 'dim'], stopped: ['■', 'yellow'],
  undone: ['↺', 'magenta'], rolled_back: ['↺', 'magenta'], rejected: ['✘', 'red'], expired: ['✘', 'yellow'], cancelled: ['■', 'yellow'], superseded: ['»', 'yellow'],
}

/** One column that tells a state; what runs gets the spinner. */
export function glyph(status: AnyStatus, frame: number): Span {
  const [text, colour] = GLYPHS[status]
  return span(text === '' ? spinner(frame) : text, colour)
}
export const colourOf = (status: AnyStatus): Colour => GLYPHS[status][1]
/** `rolling_back` → `rolling back`. */
export const wordOf = (status: AnyStatus): string => status.replaceAll('_', ' ')

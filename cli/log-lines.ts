import { span, type Colour, type Span } from './tree/line.js'

/** A piece of what a job printed; it may begin or end in the middle of a line. */
export interface LogChunk { seq: number; job: string; attempt: number; stream: string; at: string; text: string }

/** Whole lines out of chunks of several jobs: half a line waits for its rest. */
export class LogLines {
  readonly #rest = new Map<string, string>()

  /** The lines this chunk completes, each with its job's name in front. */
  take({ job, attempt, stream, text }: LogChunk): Span[][] {
    const key = `${job} ${attempt} ${stream}`
    const parts = ((this.#rest.get(key) ?? '') + text).split('\n')
    this.#rest.set(key, parts.pop() ?? '')
    return parts.map((part) => lineOf(job, stream, part))
  }

  /** What never got its line end. */
  flush(): Span[][] {
    const left = [...this.#rest].filter(([, text]) => text !== '').map(([key, text]) => lineOf(key.split(' ').slice(0, -2).join(' '), key.split(' ').at(-1) ?? '', text))
    this.#rest.clear()
    return left
  }
}

const lineOf = (job: string, stream: string, text: string): Span[] => [span(`${job} │ `, 'cyan'), span(text.replace(/\r$/, ''), colourOf(stream))]
const colourOf = (stream: string): Colour => stream === 'stderr' ? 'yellow' : 'plain'

import type { ReleaseEvent, ReleaseView } from '../domain/release.js'
import type { Terminal } from './terminal.js'
import { padTo } from './tree/line.js'
import { renderTree } from './tree/render.js'
import type { Watcher } from './watcher.js'

/** One line an event, with its time, for logs that nobody can redraw; the whole tree at the end. With -o json or yaml: the last view only. */
export class EventLines implements Watcher {
  readonly #terminal: Terminal
  #note: string | null = null
  constructor(terminal: Terminal) { this.#terminal = terminal }

  event(event: ReleaseEvent): void { if (this.#terminal.output === 'table') this.#terminal.line(eventLine(event)) }

  note(text: string | null): void {
    if (text !== this.#note && text !== null) this.#terminal.remark(text)
    this.#note = text
  }

  end(view: ReleaseView): void {
    this.#terminal.answer(view, () => ['', ...renderTree(view, { now: Date.now(), width: Math.min(this.#terminal.width, 110), colour: this.#terminal.colours, frame: 0 })])
  }
}

/** `2026-11-21T09:34:06.000Z  split.set           ship/rollout  25 % to 2.4.0`. */
export function eventLine({ at, type, stage, job, message }: ReleaseEvent): string {
  const place = [stage, job].filter((part) => part !== null).join('/')
  return `${at}  ${padTo(type, 18)}  ${place === '' ? '' : `${place}  `}${message.replace(/\s+/g, ' ')}`
}

import { isEnding, type ReleaseView } from '../domain/release.js'
import { Screen } from './screen.js'
import { spinner } from './tree/glyphs.js'
import { layOut, line, span } from './tree/line.js'
import { renderTree } from './tree/render.js'
import type { ReleaseAnswer, Watcher } from './watcher.js'

const FRAME_MS = 100
/** What changes without an event (measures, a worker that is gone) is seen within this time. */
const READ_EVERY_MS = 3000

/** The tree on a terminal, drawn ten times a second in place; the view is read again after every event. */
export class LiveTree implements Watcher {
  readonly #screen: Screen
  readonly #colours: boolean
  readonly #read: () => Promise<ReleaseAnswer>
  readonly #timers: NodeJS.Timeout[]
  #view: ReleaseAnswer
  #note: string | null = null
  #frame = 0
  #reading = false
  #stale = false
  constructor(out: NodeJS.WriteStream, colours: boolean, first: ReleaseAnswer, read: () => Promise<ReleaseAnswer>) {
    this.#screen = new Screen(out)
    this.#colours = colours
    this.#view = first
    this.#read = read
    this.#timers = [setInterval(() => this.#draw(), FRAME_MS), setInterval(() => void this.#refresh(), READ_EVERY_MS)]
    this.#draw()
  }

  event(): void { void this.#refresh() }
  note(text: string | null): void { this.#note = text }

  end(view: ReleaseView): void {
    this.#timers.forEach(clearInterval)
    this.#screen.end(renderTree(view, { now: Date.now(), width: this.#screen.width, colour: this.#colours, frame: this.#frame }))
  }

  /** One read at a time; what is asked for meanwhile is one more. A read that fails is the connection's matter: it says so. */
  async #refresh(): Promise<void> {
    this.#stale = true
    if (this.#reading) return
    this.#reading = true
    while (this.#stale) {
      this.#stale = false
      await this.#read().then((view) => { this.#view = view }, () => undefined)
    }
    this.#reading = false
  }

  #draw(): void {
    this.#frame += 1
    const remark = this.#note ?? (this.#view.live === false && !isEnding(this.#view.status) ? 'the worker does not answer; this is what was last known' : null)
    const note = remark === null ? [] : ['', layOut(line([span(`${spinner(this.#frame)} ${remark}`, 'dim')]), this.#screen.width, this.#colours)]
    const tree = renderTree(this.#view, { now: Date.now(), width: this.#screen.width, height: this.#screen.height - note.length, colour: this.#colours, frame: this.#frame })
    this.#screen.draw([...tree, ...note])
  }
}

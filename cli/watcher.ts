import type { ReleaseEvent, ReleaseView } from '../domain/release.js'

/** GET /releases/:id. `live` false: the view is what the database last knew, because the release has ended or its worker does not answer. */
export type ReleaseAnswer = ReleaseView & { live?: boolean }

/** What shows a release to who watches it: a tree on a terminal, lines in a CI log. */
export interface Watcher {
  /** Something happened. */
  event(event: ReleaseEvent): void
  /** Discreet: the connection is lost. Null: it is back. */
  note(text: string | null): void
  /** The last picture; nothing is shown after it. */
  end(view: ReleaseView): void
}

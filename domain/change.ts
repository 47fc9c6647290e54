/** One thing a job would do, for a dry run. Nothing has been touched when it is told. */
export interface Change {
  /** What it is about: `container shop-2.4.0-1`, `Deployment shop/web`, `route edge/shop`. */
  what: string
  /** `run`: its effect cannot be told beforehand. `none`: it is as wanted already. */
  action: 'create' | 'update' | 'delete' | 'run' | 'none'
  /** In few words, without secrets; null: nothing is there, or will be. */
  before: string | null
  after: string | null
  /** Unified diff, where there is text to compare. */
  diff?: string
}

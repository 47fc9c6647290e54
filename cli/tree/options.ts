/** How a tree is drawn. */
export interface TreeOptions {
  /** ms since epoch: what elapsed and remaining times count from. */
  now: number
  /** Columns. */
  width: number
  colour: boolean
  /** Turns the spinner; counts up from 0. */
  frame: number
  /** Rows there are; finished stages fold when the tree is taller. */
  height?: number
  /** IANA name; default: this machine's. */
  timezone?: string
}

/** How a program is run: pure data, so that what is started can be read and tested. */
export interface Command {
  file: string
  args: string[]
  environment: Record<string, string>
  cwd?: string
  /** another user's ids, when root starts it */
  user?: { uid?: number, gid?: number }
}

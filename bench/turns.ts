import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { compared, type Row } from './row.js'
import { median, timed } from './statistics.js'

/** One way to do a thing. `tidy`: what has to be put back before the next turn; not counted. */
export interface Way { run(turn: number): Promise<unknown>; tidy?(turn: number): Promise<unknown> }

/** Two ways to the same, turn by turn and in changing order, after one turn of each that does not count. The median of both. */
export async function inTurns(what: string, turns: number, ours: Way, bare: Way): Promise<Row> {
  const took = new Map<Way, number[]>([[ours, []], [bare, []]])
  for (let turn = 0; turn <= turns; turn += 1) {
    for (const way of turn % 2 === 0 ? [ours, bare] : [bare, ours]) {
      const ms = await timed(() => way.run(turn))
      if (turn > 0) took.get(way)?.push(ms)
      await way.tidy?.(turn)
    }
  }
  return compared(`${what}, median of ${turns}`, median(took.get(ours) ?? []), median(took.get(bare) ?? []), 'ms')
}

/** A command as a person would give it. @throws Error with what it said */
export async function command(program: string, args: readonly string[], { env, input }: { env?: Record<string, string>; input?: string } = {}): Promise<string> {
  const running = promisify(execFile)(program, args, { env: { ...process.env, ...env } })
  running.child.stdin?.end(input ?? '')
  return (await running).stdout.trim()
}

import type { Command } from 'commander'
import type { ApiClient } from '../api-client.js'
import { action } from '../context.js'
import { EXIT } from '../exit-codes.js'
import { follow } from '../follow.js'
import { LogLines, type LogChunk } from '../log-lines.js'
import { queryOf } from '../query.js'
import type { Span } from '../tree/line.js'
import { releasePath } from '../release-path.js'

interface Options { follow?: boolean; job?: string }
const PAGE = 1000

/** `logs`: what a release's jobs printed, until now or until it has ended. */
export function addLogsCommand(program: Command): void {
  program.command('logs <id>').description('what the jobs of a release printed')
    .option('-f, --follow', 'go on until the release has ended').option('--job <name>', 'only of this job')
    .action(action(async ({ api, terminal }, id: string, { follow: goOn, job }: Options) => {
      const lines = new LogLines()
      const print = (ready: Span[][]): void => { for (const parts of ready) terminal.line(parts.map(({ text, colour }) => terminal.paint(text, colour)).join('')) }
      const chunks = goOn === true ? chunksUntilEnded(api, id, (why) => terminal.remark(`reconnecting: ${why}`)) : storedChunks(api, id, job)
      const all: LogChunk[] = []
      for await (const chunk of chunks) {
        if (job !== undefined && chunk.job !== job) continue
        if (terminal.output === 'table') print(lines.take(chunk))
        else all.push(chunk)
      }
      if (terminal.output === 'table') print(lines.flush())
      else terminal.answer(all, () => [])
      return EXIT.succeeded
    }))
}

async function* storedChunks(api: ApiClient, id: string, job: string | undefined): AsyncGenerator<LogChunk> {
  for (let after = 0; ;) {
    const page = await api.get<{ items: LogChunk[]; next: number }>(releasePath(id, `/logs${queryOf({ after, limit: PAGE, job })}`))
    yield* page.items
    if (page.items.length < PAGE) return
    after = page.next
  }
}

/** From the first chunk on; Ctrl-C ends it. */
async function* chunksUntilEnded(api: ApiClient, id: string, onLost: (why: string) => void): AsyncGenerator<LogChunk> {
  const left = new AbortController()
  process.once('SIGINT', () => left.abort())
  for await (const step of follow(api, releasePath(id, '/watch?logs=1'), left.signal)) {
    if (step.kind === 'lost') onLost(step.why)
    if (step.kind !== 'message') continue
    if (step.message.event === 'end') return
    if (step.message.event === 'log') yield JSON.parse(step.message.data) as LogChunk
  }
}

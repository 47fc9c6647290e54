import { writeFileSync } from 'node:fs'
import { Option, type Command } from 'commander'
import { action } from '../context.js'
import { EXIT } from '../exit-codes.js'
import { releasePath } from '../release-path.js'

interface Options { format?: 'markdown' | 'html' | 'json'; file?: string }

/** `report`: what came of a release, for people who were not there. */
export function addReportCommand(program: Command): void {
  program.command('report <id>').description('outcome, times, approvals, verdicts and undos of a release')
    .addOption(new Option('--format <format>', 'default: by the file\'s ending, else markdown; json with -o json').choices(['markdown', 'html', 'json'])).option('--file <file>', 'write it there')
    .action(action(async ({ api, terminal }, id: string, { format, file }: Options) => {
      const kind = format ?? (file?.endsWith('.html') ? 'html' : file?.endsWith('.json') || (file === undefined && terminal.output !== 'table') ? 'json' : 'markdown')
      const answer = await api.open({ method: 'GET', path: releasePath(id, `/report?format=${kind}`), headers: { accept: '*/*' } })
      const text = await answer.text()
      if (file !== undefined) {
        writeFileSync(file, text)
        terminal.answer({ file }, () => [`${file} written`])
      } else if (kind === 'json') terminal.answer(JSON.parse(text), () => [JSON.stringify(JSON.parse(text), null, 2)])
      else terminal.line(text.trimEnd())
      return EXIT.succeeded
    }))
}

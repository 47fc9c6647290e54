import type { Command } from 'commander'
import { action } from '../context.js'
import { EXIT } from '../exit-codes.js'

interface Issue { file: string; line: number; column: number; message: string }
interface Row { name: string; version: number; bundle: string; comment: string | null; createdBy: string; createdAt: string }

/** `plans`: the ones stored at the server, each with versions. */
export function addPlansCommands(program: Command): void {
  const plans = program.command('plans').description('plans stored at the server, with versions')
  plans.command('list').description('every plan, its newest version').action(action(async ({ api, terminal }) => {
    const page = await api.get<{ items: Row[] }>('/plans?limit=200')
    terminal.table(page.items, () => tableOf(page.items))
    return EXIT.succeeded
  }))
  plans.command('show <name>').description('a plan, its versions and files (name or name@3)').action(action(async ({ api, terminal }, text: string) => {
    const { name, version } = stored(text)
    const plan = await api.get<Row & { entry?: string; files?: Record<string, string> }>(pathOf(name, version === null ? '' : `?version=${version}`))
    terminal.answer(plan, () => [`${plan.name}@${plan.version}  by ${plan.createdBy} at ${plan.createdAt}${plan.comment === null ? '' : `  ${plan.comment}`}`,
      ...Object.entries(plan.files ?? {}).flatMap(([path, content]) => ['', terminal.paint(`# ${path}`, 'dim'), content.trimEnd()])])
    return EXIT.succeeded
  }))
  plans.command('push <file>').description('store a plan with its files as a new version, under its metadata.name').option('--comment <text>', 'why')
    .action(action(async ({ api, terminal }, file: string, { comment }: { comment?: string }) => {
      const { collectBundle } = await import('../local.js')
      const { entry, files } = collectBundle(file)
      const plan = await api.post<Row>('/plans', { files, entry, ...(comment !== undefined && { comment }) })
      terminal.answer(plan, () => [`${plan.name}@${plan.version} stored`, `  releasectl run ${plan.name}@${plan.version} --environment staging --watch`])
      return EXIT.succeeded
    }))
  plans.command('delete <name>').description('delete every version of a plan; releases keep theirs').action(action(async ({ api, terminal }, name: string) => {
    await api.delete<null>(pathOf(name))
    terminal.answer({ name, deleted: true }, () => [`${name} deleted`])
    return EXIT.succeeded
  }))
  plans.command('validate <name>').description('check a stored plan again, as the server is today').action(action(async ({ api, terminal }, name: string) => {
    const answer = await api.post<{ valid: boolean; issues: Issue[] }>(pathOf(name, '/validate'))
    terminal.answer(answer, () => answer.valid ? [`${name} is valid`] : answer.issues.map(({ file, line, column, message }) => `${[file, line, column].join(':')}: ${message}`))
    return answer.valid ? EXIT.succeeded : EXIT.usage
  }))
}

const pathOf = (name: string, rest = ''): string => `/plans/${encodeURIComponent(name)}${rest}`

function stored(text: string): { name: string; version: number | null } {
  const [, name = text, version] = /^(.+)@(\d+)$/.exec(text) ?? []
  return { name, version: version === undefined ? null : Number(version) }
}

const tableOf = (rows: Row[]) => ({
  head: ['PLAN', 'VERSION', 'BY', 'AT', 'COMMENT'], empty: 'no plans; `releasectl plans push release.yaml` stores one',
  rows: rows.map((row) => [{ text: row.name, colour: 'cyan' as const }, String(row.version), row.createdBy, row.createdAt, row.comment ?? '']),
})

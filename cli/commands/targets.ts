import { readFileSync } from 'node:fs'
import { Option, type Command } from 'commander'
import { failure } from '../../domain/failures.js'
import { TARGET_PRESENCES, TARGET_TYPES, TARGET_VIAS, type TargetPresence } from '../../domain/target.js'
import type { ApiClient } from '../api-client.js'
import { collect } from '../collect.js'
import { action } from '../context.js'
import { EXIT } from '../exit-codes.js'
import { queryOf } from '../query.js'
import { wallClock } from '../tree/clock.js'
import { findEnvironment } from './environments.js'

interface TargetRow { id: string; project: string; environment: string; name: string; type: string; via: string; host: string | null; labels: Record<string, string>; priority: number; status: TargetPresence; lastSeenAt: string | null }
interface TargetStatus extends TargetRow { health: unknown; installations: { project: string; version: string; status: string; lastUpdatedAt: string }[] }
interface Place { project?: string; environment?: string }
interface Options extends Place { type?: string; via?: string; host?: string; label?: string[]; priority?: string; configFile?: string; rename?: string }
const COLOURS = { online: 'green', offline: 'red', unknown: 'dim' } as const

/** `targets list | show | add | update | remove`. */
export function addTargetsCommands(program: Command): void {
  const targets = program.command('targets').description('hosts, container engines and clusters that stages with targets act on')
  place(targets.command('list').description('targets by name')).option('--selector <labels>', 'only with these labels: role=web,region=eu')
    .addOption(new Option('--status <status>', 'only those').choices(TARGET_PRESENCES)).addOption(new Option('--type <type>', 'only of this type').choices(TARGET_TYPES))
    .option('--limit <n>', 'how many, at most 200', '100')
    .action(action(async ({ api, terminal }, options: Place & { selector?: string; status?: string; type?: string; limit: string }) => {
      const page = await api.get<{ items: TargetRow[]; next: string | null }>(`/targets${queryOf({ ...options })}`)
      terminal.table(page.items, () => ({
        head: ['TARGET', 'WHERE', 'TYPE', 'STATUS', 'PRIORITY', 'LABELS'], empty: 'no targets; `releasectl targets add` adds one',
        rows: page.items.map((row) => [{ text: row.name, colour: 'cyan' }, `${row.project}/${row.environment}`, row.via === 'agent' ? `${row.type} (agent)` : row.type, { text: row.status, colour: COLOURS[row.status] }, String(row.priority), labelText(row.labels)]),
      }))
      if (page.next !== null && terminal.output === 'table') terminal.remark('there are more: --limit, --project, --environment, --selector, --status')
      return EXIT.succeeded
    }))
  place(targets.command('show <name>').description('one target: its health, and what is installed on it')).action(action(async ({ api, terminal }, name: string, where: Place) => {
    const { id } = await findTarget(api, name, where)
    const target = await api.get<TargetStatus>(`/targets/${id}/status`)
    terminal.answer(target, () => linesOf(target))
    return EXIT.succeeded
  }))
  fields(place(targets.command('add <name>').description('add a target to an environment'))).addOption(new Option('--type <type>', 'what it is').choices(TARGET_TYPES).default('host'))
    .action(action(async ({ api, terminal }, name: string, options: Options) => {
      if (options.environment === undefined) throw failure('REQUEST_INVALID', 'in which environment?\n--environment production')
      const environment = await findEnvironment(api, options.environment, options.project)
      const target = await api.post<TargetRow>(`/environments/${environment.id}/targets`, { name, type: options.type, ...await bodyOf(options) })
      terminal.answer(target, () => [`${name} added to ${target.project}/${target.environment}`, `  its id: ${target.id}`])
      return EXIT.succeeded
    }))
  fields(place(targets.command('update <name>').description('change a target; what is not given stays'))).option('--rename <name>', 'its new name')
    .action(action(async ({ api, terminal }, name: string, options: Options) => {
      const { id } = await findTarget(api, name, options)
      const target = await api.put<TargetRow>(`/targets/${id}`, { ...await bodyOf(options), ...(options.rename !== undefined && { name: options.rename }) })
      terminal.answer(target, () => [`${target.name} changed`])
      return EXIT.succeeded
    }))
  place(targets.command('remove <name>').description('forget a target; nothing is done to it')).action(action(async ({ api, terminal }, name: string, where: Place) => {
    const target = await findTarget(api, name, where)
    await api.delete<null>(`/targets/${target.id}`)
    terminal.answer({ name, deleted: true }, () => [`${name} removed from ${target.project}/${target.environment}`])
    return EXIT.succeeded
  }))
}

/** By name, or by id. @throws NOT_FOUND; REQUEST_INVALID when several environments have one of that name */
async function findTarget(api: ApiClient, name: string, { project, environment }: Place): Promise<TargetRow> {
  const { items: [first, second] } = await api.get<{ items: TargetRow[] }>(`/targets${queryOf({ name, project, environment, limit: 2 })}`)
  if (second) throw failure('REQUEST_INVALID', `several environments have a target ${name}: --project ${String(first?.project)} --environment ${String(first?.environment)}`)
  return first ?? api.get<TargetRow>(`/targets/${encodeURIComponent(name)}`)
}

const place = (command: Command): Command => command.option('--project <name>', 'of this project').option('--environment <name>', 'in this environment')
const fields = (command: Command): Command => command.addOption(new Option('--via <via>', 'direct: the workers reach it; agent: one runs on it').choices(TARGET_VIAS))
  .option('--host <name>', 'name or address').option('--label <name=value>', 'may be repeated', collect).option('--priority <n>', 'higher first')
  .option('--config-file <file>', 'YAML: ssh, docker or kubernetes, how it is reached; secrets written out are sealed by the server')

async function bodyOf({ via, host, label, priority, configFile }: Options): Promise<Record<string, unknown>> {
  return {
    ...(via !== undefined && { via }), ...(host !== undefined && { host }), ...(priority !== undefined && { priority: Number(priority) }),
    ...(label && { labels: Object.fromEntries(label.map(pairOf)) }), ...(configFile !== undefined && { config: await readYaml(configFile) }),
  }
}

function pairOf(text: string): [string, string] {
  const [, name, value] = /^([^=\s]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw failure('REQUEST_INVALID', `--label ${text}: must be name=value`)
  return [name, value]
}

async function readYaml(file: string): Promise<unknown> {
  const { parse } = await import('yaml')
  try { return parse(readFileSync(file, 'utf8')) as unknown } catch (error) { throw failure('REQUEST_INVALID', `--config-file ${file}: ${(error as Error).message.split('\n')[0] ?? ''}`) }
}

const labelText = (labels: Record<string, string>): string => Object.entries(labels).map(([name, value]) => `${name}=${value}`).join(',')

function linesOf(target: TargetStatus): string[] {
  const seen = target.lastSeenAt === null ? '' : `, last seen ${wallClock(target.lastSeenAt, Date.now())}`
  return [
    `${target.name}  ${target.status}${seen}`,
    `  where     ${target.project}/${target.environment}`, `  type      ${target.type}${target.via === 'agent' ? ', by its agent' : ''}${target.host === null ? '' : `, ${target.host}`}`,
    `  id        ${target.id}`, ...Object.keys(target.labels).length > 0 ? [`  labels    ${labelText(target.labels)}`] : [], `  priority  ${target.priority}`,
    ...target.health === null ? [] : [`  health    ${JSON.stringify(target.health)}`],
    ...target.installations.map(({ project, version, status, lastUpdatedAt }) => `  has       ${project} ${version}, ${status} ${wallClock(lastUpdatedAt, Date.now())}`),
  ]
}

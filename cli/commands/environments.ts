import type { Command } from 'commander'
import { failure } from '../../domain/failures.js'
import type { ApiClient } from '../api-client.js'
import { collect } from '../collect.js'
import { action } from '../context.js'
import { EXIT } from '../exit-codes.js'
import { queryOf } from '../query.js'

export interface EnvironmentRow { id: string; project: string; name: string; description: string | null; requireApproval: boolean; approvers: string[] }
interface Options { project?: string; description?: string; requireApproval?: boolean; approver?: string[]; rename?: string }

/** `environments list | show | add | update | remove`. */
export function addEnvironmentsCommands(program: Command): void {
  const environments = program.command('environments').description('where projects are released to')
  environments.command('list').description('every environment').option('--project <name>', 'only of this project').action(action(async ({ api, terminal }, { project }: Options) => {
    const { items } = await api.get<{ items: EnvironmentRow[] }>(`/environments${queryOf({ limit: 200, project })}`)
    terminal.table(items, () => ({
      head: ['PROJECT', 'ENVIRONMENT', 'APPROVERS', 'DESCRIPTION'], empty: 'no environments; `releasectl environments add production --project shop` makes one',
      rows: items.map((row) => [row.project, { text: row.name, colour: 'cyan' }, approversOf(row), row.description ?? '']),
    }))
    return EXIT.succeeded
  }))
  place(environments.command('show <name>').description('one environment')).action(action(async ({ api, terminal }, name: string, { project }: Options) => {
    const environment = await findEnvironment(api, name, project)
    terminal.answer(environment, () => [`${environment.project}/${environment.name}${environment.description === null ? '' : `  ${environment.description}`}`, ...environment.requireApproval ? [`  approvers  ${approversOf(environment)}`] : []])
    return EXIT.succeeded
  }))
  fields(place(environments.command('add <name>').description('make an environment of a project'))).action(action(async ({ api, terminal }, name: string, options: Options) => {
    if (options.project === undefined) throw failure('REQUEST_INVALID', 'of which project?\n--project shop')
    const environment = await api.post<EnvironmentRow>(`/projects/${encodeURIComponent(options.project)}/environments`, { name, ...bodyOf(options) })
    terminal.answer(environment, () => [`${environment.project}/${name} added`, `  releasectl targets add web-1 --project ${environment.project} --environment ${name} --type host --host web-1.example.com`])
    return EXIT.succeeded
  }))
  fields(place(environments.command('update <name>').description('change an environment; what is not given stays'))).option('--rename <name>', 'its new name').option('--no-require-approval')
    .action(action(async ({ api, terminal }, name: string, options: Options) => {
      const { id } = await findEnvironment(api, name, options.project)
      const environment = await api.put<EnvironmentRow>(`/environments/${id}`, { ...bodyOf(options), ...(options.rename !== undefined && { name: options.rename }) })
      terminal.answer(environment, () => [`${environment.project}/${environment.name} changed`])
      return EXIT.succeeded
    }))
  place(environments.command('remove <name>').description('delete an environment that has no targets')).action(action(async ({ api, terminal }, name: string, { project }: Options) => {
    const environment = await findEnvironment(api, name, project)
    await api.delete<null>(`/environments/${environment.id}`)
    terminal.answer({ name, deleted: true }, () => [`${environment.project}/${name} removed`])
    return EXIT.succeeded
  }))
}

/** @throws NOT_FOUND; REQUEST_INVALID when several projects have one of that name */
export async function findEnvironment(api: ApiClient, name: string, project: string | undefined): Promise<EnvironmentRow> {
  const { items: [first, second] } = await api.get<{ items: EnvironmentRow[] }>(`/environments${queryOf({ name, project, limit: 2 })}`)
  if (!first) throw failure('NOT_FOUND', `there is no environment ${project === undefined ? '' : `${project}/`}${name}`)
  if (second) throw failure('REQUEST_INVALID', `several projects have an environment ${name}: ${first.project}, ${second.project} …\n--project ${first.project}`)
  return first
}

const place = (command: Command): Command => command.option('--project <name>', 'of this project')
const fields = (command: Command): Command => command.option('--description <text>').option('--require-approval', 'releases here need a yes').option('--approver <name>', 'who may say yes; may be repeated', collect)
const bodyOf = ({ description, requireApproval, approver }: Options) => ({ ...(description !== undefined && { description }), ...(requireApproval !== undefined && { requireApproval }), ...(approver && { approvers: approver }) })
const approversOf = ({ requireApproval, approvers }: EnvironmentRow): string => !requireApproval ? '' : approvers.length > 0 ? approvers.join(', ') : 'anyone with the role approver'

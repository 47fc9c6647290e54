import type { Command } from 'commander'
import { action } from '../context.js'
import { EXIT } from '../exit-codes.js'

export interface ProjectRow { id: string; name: string; type: string | null; description: string | null; repoUrl: string | null; createdAt: string }
interface Options { type?: string; description?: string; repo?: string; rename?: string }

/** `projects list | show | add | update | remove`. */
export function addProjectsCommands(program: Command): void {
  const projects = program.command('projects').description('what is released: services by name')
  projects.command('list').description('every project').action(action(async ({ api, terminal }) => {
    const { items } = await api.get<{ items: ProjectRow[] }>('/projects?limit=200')
    terminal.table(items, () => ({
      head: ['PROJECT', 'TYPE', 'REPOSITORY', 'DESCRIPTION'], empty: 'no projects; `releasectl projects add shop` makes one',
      rows: items.map((row) => [{ text: row.name, colour: 'cyan' }, row.type ?? '', row.repoUrl ?? '', row.description ?? '']),
    }))
    return EXIT.succeeded
  }))
  projects.command('show <name>').description('one project').action(action(async ({ api, terminal }, name: string) => {
    const project = await api.get<ProjectRow>(pathOf(name))
    terminal.answer(project, () => linesOf(project))
    return EXIT.succeeded
  }))
  fields(projects.command('add <name>').description('make a project')).action(action(async ({ api, terminal }, name: string, options: Options) => {
    const project = await api.post<ProjectRow>('/projects', { name, ...bodyOf(options) })
    terminal.answer(project, () => [`${name} added`, `  releasectl environments add production --project ${name}`])
    return EXIT.succeeded
  }))
  fields(projects.command('update <name>').description('change a project; what is not given stays')).option('--rename <name>', 'its new name')
    .action(action(async ({ api, terminal }, name: string, options: Options) => {
      const project = await api.put<ProjectRow>(pathOf(name), { ...bodyOf(options), ...(options.rename !== undefined && { name: options.rename }) })
      terminal.answer(project, () => [`${project.name} changed`])
      return EXIT.succeeded
    }))
  projects.command('remove <name>').description('delete a project that has no environments').action(action(async ({ api, terminal }, name: string) => {
    await api.delete<null>(pathOf(name))
    terminal.answer({ name, deleted: true }, () => [`${name} removed`])
    return EXIT.succeeded
  }))
}

const pathOf = (name: string): string => `/projects/${encodeURIComponent(name)}`
const fields = (command: Command): Command => command.option('--type <type>', 'how it is deployed: container, kubernetes, script, gitpull …').option('--description <text>').option('--repo <url>', 'its source')
const bodyOf = ({ type, description, repo }: Options) => ({ ...(type !== undefined && { type }), ...(description !== undefined && { description }), ...(repo !== undefined && { repoUrl: repo }) })
const linesOf = ({ name, type, description, repoUrl, createdAt }: ProjectRow): string[] =>
  [`${name}  since ${createdAt}`, ...type === null ? [] : [`  type         ${type}`], ...repoUrl === null ? [] : [`  repository   ${repoUrl}`], ...description === null ? [] : [`  description  ${description}`]]

import type { Command } from 'commander'
import { ApiClient } from './api-client.js'
import type { ExitCode } from './exit-codes.js'
import { readCliSettings, type CliSettings, type Flags } from './settings.js'
import { Terminal } from './terminal.js'

/** What every command is given. */
export interface Context { settings: CliSettings; api: ApiClient; terminal: Terminal }

export async function contextOf(flags: Flags): Promise<Context> {
  const settings = await readCliSettings(flags, process.env, process.cwd())
  const terminal = new Terminal(settings.output, settings.output === 'yaml' ? (await import('yaml')).stringify : JSON.stringify)
  return { settings, terminal, api: new ApiClient(settings, (text) => terminal.remark(text)) }
}

/** A command's action: its settings read, its exit code kept. Arguments come as commander hands them: positional ones, then options. */
export function action(handler: (context: Context, ...args: never[]) => Promise<ExitCode>) {
  return async function (this: Command, ...args: unknown[]): Promise<void> {
    process.exitCode = await handler(await contextOf(this.optsWithGlobals<Flags>()), ...args as never[])
  }
}

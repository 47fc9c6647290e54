import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { failure } from '../../domain/failures.js'
import { action } from '../context.js'

interface Options { target: string; server?: string; token: string; temporal?: string; home?: string }

/** agent.ts with its options, for node. */
export const agentArguments = (entry: string, { target, server, token, temporal, home }: Options & { server: string }): string[] =>
  [entry, '--target', target, '--server', server, '--token', token, ...(temporal === undefined ? [] : ['--temporal', temporal]), ...(home === undefined ? [] : ['--home', home])]

/** `agent`: carries out the jobs of one target, on the machine it runs on, in the foreground. */
export function addAgentCommand(program: Command): void {
  program.command('agent').description('carry out the jobs of one target on this machine; calls out only')
    .requiredOption('--target <name>', 'the target this machine is')
    .requiredOption('--token <file>', 'holds a token of the role agent, made for that target')
    .option('--server <url>', 'of the API (default: --url)').option('--temporal <address>', 'where this machine reaches Temporal (default: as the API says)')
    .option('--home <folder>', 'where records of what runs lie (default: .releasectl)')
    .action(action(async ({ settings }, options: Options) => {
      const server = options.server ?? settings.url
      if (server === null) throw failure('REQUEST_INVALID', 'say where the API is: --server URL')
      const entry = fileURLToPath(new URL('../../agent.ts', import.meta.url))
      const agent = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), ...agentArguments(entry, { ...options, server })], { stdio: 'inherit' })
      // Ctrl-C reaches the child by itself: it is in the same process group
      process.on('SIGINT', () => undefined).on('SIGTERM', (signal) => { agent.kill(signal) })
      const code = await new Promise<number | null>((done, failed) => agent.once('exit', done).once('error', failed))
      return code === 0 ? 0 : 1
    }))
}

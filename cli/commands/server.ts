import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { action } from '../context.js'

/** `server`: everything on this machine in the foreground, as `npm start` does. */
export function addServerCommand(program: Command): void {
  program.command('server').description('run everything on this machine: Temporal, PostgreSQL, gateway, worker and API')
    .action(action(async () => {
      const server = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), fileURLToPath(new URL('../../embedded/main.ts', import.meta.url))], { stdio: 'inherit' })
      const pass = (signal: NodeJS.Signals): void => { server.kill(signal) }
      // Ctrl-C reaches the child by itself: it is in the same process group
      process.on('SIGINT', () => undefined).on('SIGTERM', pass)
      const code = await new Promise<number | null>((done, failed) => server.once('exit', done).once('error', failed))
      return code === 0 ? 0 : 1
    }))
}

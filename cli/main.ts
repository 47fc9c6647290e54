import { CommanderError } from 'commander'
import { EXIT, exitCodeOfFailure } from './exit-codes.js'
import { linesOfError } from './problem.js'
import { buildProgram } from './program.js'
import { coloursOn } from './terminal.js'
import { paint, span } from './tree/line.js'

/** Run the command line; sets the exit code. Errors are one clear line and what to do; a stack only with --debug. */
export async function main(argv: string[]): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => { if (error.code === 'EPIPE') process.exit(0); else throw error }) // `| head`
  const asked = argv[2] === '--version' || argv[2] === '-V' ? ['version', ...argv.slice(3)] : argv.slice(2)
  try {
    await buildProgram().parseAsync(asked, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) { process.exitCode = error.exitCode === 0 ? EXIT.succeeded : EXIT.usage; return }
    const { code, lines: [first = '', ...rest] } = linesOfError(error)
    const colours = coloursOn(process.stderr)
    process.stderr.write(`${paint(span('error', 'red'), colours)}: ${first}\n${rest.map((text) => `  ${text}\n`).join('')}`)
    if (asked.includes('--debug') && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
    process.exitCode = exitCodeOfFailure(code)
  }
}

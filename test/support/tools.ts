import { execFile } from 'node:child_process'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Install what a script of test/testbed/ brings, if it is not there: `withTools('tools', 'tofu')`. @returns a PATH on which it is */
export async function withTools(script: string, ...names: string[]): Promise<string> {
  await promisify(execFile)('bash', [fileURLToPath(new URL(`../testbed/${script}.sh`, import.meta.url)), 'install', ...names])
  return `${join(process.env['TESTBED_CACHE'] ?? join(homedir(), '.cache', 'releasectl-testbed'), 'bin')}:${process.env['PATH'] ?? ''}`
}

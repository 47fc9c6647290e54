import { execFile } from 'node:child_process'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** Install command-line tools of test/testbed/tools.sh, if they are not there. @returns a PATH on which they are */
export async function withTools(...names: string[]): Promise<string> {
  await promisify(execFile)('bash', [fileURLToPath(new URL('../testbed/tools.sh', import.meta.url)), 'install', ...names])
  return `${join(process.env['TESTBED_CACHE'] ?? join(homedir(), '.cache', 'releasectl-testbed'), 'bin')}:${process.env['PATH'] ?? ''}`
}

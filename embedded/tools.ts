import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What setup.mjs wrote down: where the servers are that npm does not bring. */
const RECORD = fileURLToPath(new URL('../node_modules/.cache/releasectl/tools.json', import.meta.url))

/** The `temporal` CLI with its development server. @throws Error saying how to get it */
export const temporalBinary = (): string => tool('temporal', 'node setup.mjs')

/** The time-skipping test server. @throws Error saying how to get it */
export const testServerBinary = (): string => tool('temporal-test-server', 'node setup.mjs --test')

function tool(name: string, remedy: string): string {
  const recorded = existsSync(RECORD) ? (JSON.parse(readFileSync(RECORD, 'utf8')) as Record<string, string>)[name] : undefined
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name))
  const found = [recorded, ...onPath].find((path) => path && existsSync(path))
  if (!found) throw new Error(`${name} is not here: run \`${remedy}\``)
  return found
}

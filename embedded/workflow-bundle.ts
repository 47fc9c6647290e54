import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const CACHE = join(ROOT, 'node_modules/.cache/releasectl')

/**
 * The workflow code as one file, made anew only when a source changed: a worker that was killed is back that much sooner.
 * @returns its path, for `Worker.create({ workflowBundle })`
 */
export async function workflowBundle(): Promise<{ codePath: string }> {
  const codePath = join(CACHE, `workflows-${sourcesDigest()}.js`)
  if (existsSync(codePath)) return { codePath }
  const { code } = await bundleWorkflowCode({ workflowsPath: join(ROOT, 'workflows/index.ts'), logger: new DefaultLogger('WARN') })
  mkdirSync(CACHE, { recursive: true })
  writeFileSync(`${codePath}.${process.pid}`, code)
  renameSync(`${codePath}.${process.pid}`, codePath)
  return { codePath }
}

function sourcesDigest(): string {
  const hash = createHash('sha256').update(readFileSync(join(ROOT, 'package-lock.json')))
  for (const room of ['domain', 'workflows', 'plan', 'activities']) {
    for (const file of readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).sort()) hash.update(file).update(readFileSync(join(ROOT, room, file)))
  }
  return hash.digest('hex').slice(0, 16)
}

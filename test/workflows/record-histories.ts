// By hand, before a release of releasectl: `npx tsx test/workflows/record-histories.ts [folder] [beginning of the scenarios' names]`. Adds histories; those of
// earlier releases stay as they are, since releases that began then may still be open.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { WorkflowHandle } from '@temporalio/client'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { realWorlds } from '../support/real-world.js'
import { startTemporal } from '../support/temporal-dev-server.js'
import { SCENARIOS } from './history-scenarios.js'

const name = process.argv[2] ?? new Date().toISOString().slice(0, 10)
const folder = fileURLToPath(new URL(`../histories/${name}/`, import.meta.url))
mkdirSync(folder, { recursive: true })
const data = mkdtempSync(join(tmpdir(), 'releasectl-histories-'))
const { child, address } = await startTemporal(data)
const worlds = await realWorlds({ address, namespace: 'default' }, 'releases')
try {
  for (const [scenario, run] of Object.entries(SCENARIOS).filter(([one]) => one.startsWith(process.argv[3] ?? ''))) {
    const handles = [await run(worlds.newWorld(), worlds)].flat()
    for (const [n, handle] of handles.entries()) {
      const text = await portable(handle)
      writeFileSync(join(folder, `${scenario}${handles.length > 1 ? `-${n + 1}` : ''}.json`), `${text}\n`)
      console.log(`${scenario}: ${Math.round(text.length / 1024)} KiB, ${(await handle.describe()).status.name}`)
    }
  }
} finally {
  await worlds.close()
  await child.stop(true)
  rmSync(data, { recursive: true, force: true })
}

/** Without stack traces, which name this machine's folders; no replay reads them. */
async function portable(handle: WorkflowHandle): Promise<string> {
  const history: unknown = JSON.parse(historyToJSON(await handle.fetchHistory()))
  return JSON.stringify(history, (key, value: unknown) => key === 'stackTrace' ? undefined : value)
}

import { startEmbedded, type Embedded } from './start.js'
import { showProgress } from './progress.js'

/** `npm start`: everything on this machine, until Ctrl-C. */
async function main(): Promise<void> {
  console.log('releasectl starts')
  const now: { running?: Embedded, stopping: boolean } = { stopping: false }
  const starting = new AbortController()
  const onSignal = (): void => {
    if (!now.running) { starting.abort(); return }
    const hard = now.stopping
    now.stopping = true
    console.log(hard ? 'ending at once' : '\nstopping (once more: at once)')
    now.running.stop(hard).then(() => process.exit(0), fail)
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)

  now.running = await startEmbedded({
    home: process.env['RELEASECTL_HOME'] ?? '.releasectl',
    signal: starting.signal,
    log: (line) => { console.log(`  ${line}`) },
    onPart: showProgress(process.stdout),
  })
  const { urls, tokenFile, home } = now.running
  console.log(`
  dashboard, API   ${urls.api}   (API docs: ${urls.docs})
  Temporal Web UI  ${urls.temporalUi}
  edge             ${urls.edge}   (its control: ${urls.edgeControl})
  admin token      ${tokenFile}
  data and logs    ${home}
Ctrl-C stops.`)
}

function fail(error: unknown): void {
  console.error(`\nreleasectl: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
}

main().catch(fail)

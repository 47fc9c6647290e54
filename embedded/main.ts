import { startEmbedded, type Embedded } from './start.js'
import { showProgress } from './progress.js'

/** One closed terminal or one Ctrl-C under npm may reach us as several signals: within this time they are one. */
const SAME_REQUEST_MS = 1000

/** `npm start`: everything on this machine, until Ctrl-C. */
async function main(): Promise<void> {
  console.log('releasectl starts')
  const now: { running?: Embedded, stoppingSince?: number } = {}
  const starting = new AbortController()
  const onSignal = (): void => {
    if (!now.running) { starting.abort(); return }
    const hard = now.stoppingSince !== undefined
    now.stoppingSince ??= Date.now()
    if (hard && Date.now() - now.stoppingSince < SAME_REQUEST_MS) return
    console.log(hard ? 'ending at once' : '\nstopping (once more: at once)')
    now.running.stop(hard).then(() => process.exit(0), fail)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  process.stdout.on('error', () => undefined) // a terminal that was closed takes no more lines, but the stop goes on
  whenNpmIsGone(onSignal)

  now.running = await startEmbedded({
    home: process.env['RELEASECTL_HOME'] ?? '.releasectl',
    signal: starting.signal,
    log: (line) => { console.log(`${process.stdout.isTTY ? '\r\x1b[2K' : ''}  ${line}`) },
    onPart: showProgress(process.stdout),
  })
  const { urls, tokenFile, home } = now.running
  console.log(`
  API              ${urls.api}   (described at ${urls.docs})
  Temporal Web UI  ${urls.temporalUi}
  edge             ${urls.edge}   (its control: ${urls.edgeControl})
  admin token      ${tokenFile}
  data and logs    ${home}
Ctrl-C stops.`)
}

/** npm hands SIGTERM to the shell that runs its script, and the shell just ends: without it we would run on unseen. */
function whenNpmIsGone(stop: () => void): void {
  if (!process.env['npm_lifecycle_event']) return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    stop()
  }, 500).unref()
}

function fail(error: unknown): void {
  console.error(`\nreleasectl: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
}

main().catch(fail)

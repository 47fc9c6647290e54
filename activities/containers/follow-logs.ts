import { ApplicationFailure } from '@temporalio/common'
import type { ContainerPort, LogChunk } from '../../drivers/containers/port.js'

/** What a container may write to a release's log while it starts; after that it goes on unheard. */
const MOST_BYTES = 1024 ** 2
const REST_MS = 5000

export type WriteLog = (stream: string, offset: number, text: string) => void

/**
 * Write what a container writes to the release's log, until `stop`, and what it has written by then: streams are called
 * `<container> stdout`. Never fails: a log is no reason to stop.
 */
export function followLogs(engine: ContainerPort, names: string[], write: WriteLog): { stop(): Promise<void> } {
  const end = new AbortController()
  const all = names.map((name) => followOne(engine, name, write, end.signal))
  return { stop: async () => { end.abort(); await Promise.all(all) } }
}

async function followOne(engine: ContainerPort, name: string, write: WriteLog, end: AbortSignal): Promise<void> {
  const full = new AbortController()
  /** Bytes of each stream that are written. */
  const written = { stdout: 0, stderr: 0 }
  const output = ({ stream, offset, text }: LogChunk): void => {
    const known = written[stream] - offset
    const rest = known > 0 ? Buffer.from(text).subarray(known).toString('utf8') : text
    if (full.signal.aborted || rest === '') return
    write(`${name} ${stream}`, Math.max(offset, written[stream]), rest)
    written[stream] = Math.max(offset, written[stream]) + Buffer.byteLength(rest)
    if (written.stdout + written.stderr < MOST_BYTES) return
    write(`${name} ${stream}`, written[stream], `\n[${name} wrote more than ${MOST_BYTES} bytes: what follows stays on its engine]\n`)
    full.abort()
  }
  try {
    await engine.follow(name, { output, signal: AbortSignal.any([end, full.signal]) })
    // An engine is a moment behind its container: what was written before the end is fetched.
    if (end.aborted && !full.signal.aborted) await engine.follow(name, { output, untilNow: true, signal: AbortSignal.any([AbortSignal.timeout(REST_MS), full.signal]) })
  } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error
    write(`${name} stderr`, written.stderr, `[its log broke off: ${error.message}]\n`)
  }
}

import { ApplicationFailure } from '@temporalio/common'
import type { ContainerPort } from '../../drivers/containers/port.js'

/** What a container may write to a release's log while it starts; after that it goes on unheard. */
const MOST_BYTES = 1024 ** 2

export type WriteLog = (stream: string, offset: number, text: string) => void

/** Write what a container writes to the release's log, until `stop`: streams are called `<container> stdout`. Never fails: a log is no reason to stop. */
export function followLogs(engine: ContainerPort, names: string[], write: WriteLog): { stop(): Promise<void> } {
  const end = new AbortController()
  const all = names.map((name) => followOne(engine, name, write, end))
  return { stop: async () => { end.abort(); await Promise.all(all) } }
}

async function followOne(engine: ContainerPort, name: string, write: WriteLog, end: AbortController): Promise<void> {
  const full = new AbortController()
  let bytes = 0
  const output = ({ stream, offset, text }: { stream: string; offset: number; text: string }): void => {
    if (full.signal.aborted) return
    write(`${name} ${stream}`, offset, text)
    bytes += Buffer.byteLength(text)
    if (bytes < MOST_BYTES) return
    write(`${name} ${stream}`, offset + Buffer.byteLength(text), `\n[${name} wrote more than ${MOST_BYTES} bytes: what follows stays on its engine]\n`)
    full.abort()
  }
  try { await engine.follow(name, { output, signal: AbortSignal.any([end.signal, full.signal]) }) } catch (error) {
    if (!(error instanceof ApplicationFailure)) throw error
    write(`${name} stderr`, bytes, `[its log broke off: ${error.message}]\n`)
  }
}

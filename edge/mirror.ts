import type { IncomingMessage } from 'node:http'
import type { LiveSide } from './live-side.js'

/** Of one version: more than this under way, and further copies are left out. A version that hangs must not take the gateway's memory. */
const MOST_COPIES = 256
/** Of a request's body that wait for the version; more, and its copy is given up: the client must not wait for it. */
const MOST_WAITING_BYTES = 1_048_576

/** Copies under way, by version. */
const open = new WeakMap<LiveSide['load'], number>()

/**
 * Send a copy of a request to a version and throw its answer away. Nothing of it reaches the client, the counters or the
 * requests that are waited for: not how long it takes, nor that it fails.
 */
export function sendCopy(request: IncomingMessage, { upstream, load }: LiveSide, { headers, hasBody, timeoutMs }: { headers: string[]; hasBody: boolean; timeoutMs: number }): void {
  const underway = open.get(load) ?? 0
  if (underway >= MOST_COPIES) return
  try {
    const copy = upstream.request({ agent: upstream.agent, method: request.method ?? 'GET', path: upstream.basePath + (request.url ?? '/'), headers: headers as never })
    open.set(load, underway + 1)
    copy.on('response', (answer) => { answer.on('error', ignore).resume() })
    copy.on('error', ignore).on('close', () => { open.set(load, (open.get(load) ?? 1) - 1) })
    copy.setTimeout(timeoutMs, () => { copy.destroy() })
    if (!hasBody) { copy.end(); return }
    request.on('data', (chunk: Buffer) => {
      if (!copy.destroyed && !copy.write(chunk) && copy.writableLength > MOST_WAITING_BYTES) copy.destroy()
    })
    request.on('end', () => { copy.end() })
    request.on('close', () => { if (!request.complete) copy.destroy() })
  } catch { /* what Node reads it does not always write again: the request itself is then told so */ }
}

const ignore = (): void => undefined

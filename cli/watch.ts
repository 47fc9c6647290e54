import { setTimeout as sleep } from 'node:timers/promises'
import { ApplicationFailure } from '@temporalio/common'
import { isEnding, type ReleaseEvent, type ReleaseView } from '../domain/release.js'
import type { ApiClient } from './api-client.js'
import { EventLines } from './event-lines.js'
import { EXIT, exitCodeOfEnding, type ExitCode } from './exit-codes.js'
import { follow } from './follow.js'
import { LiveTree } from './live-tree.js'
import { releasePath } from './release-path.js'
import type { Terminal } from './terminal.js'
import type { ReleaseAnswer, Watcher } from './watcher.js'

const AGAIN_MS = 1000

/**
 * Watch a release to its end, through restarts of the API and the worker. Ctrl-C leaves it running.
 * @param after for a release that had ended and was asked to go on: the `sequence` it had
 */
export async function watchRelease(api: ApiClient, terminal: Terminal, releaseId: string, after = -1): Promise<ExitCode> {
  const path = releasePath(releaseId)
  let first = await api.get<ReleaseAnswer>(path)
  while (first.sequence <= after) {
    await sleep(AGAIN_MS)
    first = await api.get<ReleaseAnswer>(path)
  }
  const left = new AbortController()
  const leave = (): void => left.abort()
  process.once('SIGINT', leave).once('SIGTERM', leave)
  const watcher: Watcher = terminal.isLive && terminal.output === 'table'
    ? new LiveTree(process.stdout, terminal.colours, first, () => api.get<ReleaseAnswer>(path)) : new EventLines(terminal)
  let view: ReleaseView = first
  try {
    if (await hasEnded(api, path, watcher, left.signal)) view = await lastView(api, path, left.signal) ?? first
  } finally {
    watcher.end(view)
    process.off('SIGINT', leave).off('SIGTERM', leave)
  }
  if (isEnding(view.status)) return exitCodeOfEnding(view.status)
  terminal.remark(`you left; the release goes on. Come back with: releasectl watch ${releaseId}`)
  return EXIT.interrupted
}

/** Follow the journal. @returns true: the release has ended; false: the person left */
async function hasEnded(api: ApiClient, path: string, watcher: Watcher, signal: AbortSignal): Promise<boolean> {
  for await (const step of follow(api, `${path}/watch`, signal)) {
    switch (step.kind) {
      case 'open': watcher.note(null); break
      case 'lost': watcher.note(`reconnecting: ${step.why}`); break
      case 'message': {
        if (step.message.event === 'end') return true
        if (step.message.event === 'release') watcher.event(JSON.parse(step.message.data) as ReleaseEvent)
      }
    }
  }
  return false
}

/** The view read again, however long the API takes to come back. Null: the person left. */
async function lastView(api: ApiClient, path: string, signal: AbortSignal): Promise<ReleaseView | null> {
  while (!signal.aborted) {
    try { return await api.get<ReleaseAnswer>(path) } catch (error) {
      if (!(error instanceof ApplicationFailure) || error.nonRetryable === true) throw error
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined)
    }
  }
  return null
}

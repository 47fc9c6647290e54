import { condition } from '@temporalio/workflow'
import type { ReleaseWindow } from '../domain/window.js'
import { failure } from '../domain/failures.js'
import { nextOpening } from './proxies.js'
import type { ReleaseRun } from './release-run.js'

/** Wait for the release window; the clock and the time zones are asked in an activity. */
export async function waitForWindow(run: ReleaseRun, window: ReleaseWindow | null): Promise<void> {
  if (window === null) return
  for (;;) {
    const { opensAtMs } = await nextOpening({ window, atMs: Date.now(), requestedBy: run.state.view.release.requestedBy })
    if (opensAtMs === null) throw failure('CONFIG_INVALID', `the release window (${window.timezone}) does not open within 400 days`)
    const forMs = opensAtMs - Date.now()
    if (forMs <= 0) return run.state.event('window.open', 'the release window is open')
    const done = run.state.waitFor({ what: 'window', where: window.timezone, forMs, who: [], commands: ['abort'], detail: `opens at ${new Date(opensAtMs).toISOString()}` })
    run.state.event('window.waiting', `the release window opens at ${new Date(opensAtMs).toISOString()}`)
    try { await condition(() => false, forMs, { summary: 'release window' }) } finally { done() }
  }
}

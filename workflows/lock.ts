import { CancellationScope, condition, getExternalWorkflowHandle, setHandler, workflowInfo } from '@temporalio/workflow'
import type { Concurrency } from '../domain/compiled-plan.js'
import { environmentWorkflowId } from '../domain/release.js'
import { failure } from '../domain/failures.js'
import { mustBeFailure } from './failing.js'
import { lockGrantedSignal, releaseLockSignal, supersededSignal } from './messages.js'
import { acquireLock } from './proxies.js'
import type { ReleaseRun } from './release-run.js'

/** One release at a time per key. `take` before anything acts, `giveBack` when all is settled. */
export class Lock {
  readonly #run: ReleaseRun
  #granted = false
  #asked = false
  readonly #policy: Concurrency['policy']
  /** @param policy left out: the plan's */
  constructor(run: ReleaseRun, policy = run.state.view.concurrency.policy) {
    this.#run = run
    this.#policy = policy
    setHandler(lockGrantedSignal, () => { this.#granted = true })
    setHandler(supersededSignal, ({ by }) => run.controls.superseded(by))
  }

  /** @throws LOCK_REFUSED when the plan's policy is `reject` and another release holds the key */
  async take(): Promise<void> {
    const { release, concurrency } = this.#run.state.view
    this.#asked = true
    const answer = await acquireLock({
      tenant: release.tenant, concurrency: { ...concurrency, policy: this.#policy }, releaseId: release.releaseId, workflowId: workflowInfo().workflowId,
      requestedBy: release.requestedBy, version: release.version,
    })
    if (answer.state === 'refused') throw failure('LOCK_REFUSED', `release ${answer.holder} holds ${concurrency.key}`)
    if (answer.state === 'queued' && !this.#granted) {
      const done = this.#run.state.waitFor({ what: 'lock', where: concurrency.key, who: [], commands: ['abort'], detail: `place ${answer.position} behind ${answer.holder}` })
      this.#run.state.event('lock.waiting', `${concurrency.key} is held by ${answer.holder}; place ${answer.position} in the queue`)
      try { await condition(() => this.#granted) } finally { done() }
    }
    this.#run.state.event('lock.granted', concurrency.key)
  }

  /** Also leaves the queue. An environment's workflow that is gone has nothing to give back. */
  async giveBack(): Promise<void> {
    if (!this.#asked) return
    const { release, concurrency } = this.#run.state.view
    try {
      await CancellationScope.nonCancellable(() => getExternalWorkflowHandle(environmentWorkflowId(release.tenant, concurrency.key)).signal(releaseLockSignal, { releaseId: release.releaseId }))
    } catch (error) { mustBeFailure(error) }
  }
}

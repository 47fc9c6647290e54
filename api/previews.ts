import { randomUUID } from 'node:crypto'
import { failure } from '../domain/failures.js'
import { previewWorkflowId, type Preview, type PreviewInput } from '../domain/preview.js'
import type { ReleaseRef } from '../domain/release.js'
import { bundleDigest, type BundleFiles, type BundleStore, type Sealer } from '../store/bundles.js'
import type { ReleaseSecretStore } from '../store/release-secrets.js'
import type { PlanCompiler } from './plan-compiler.js'
import type { User } from './roles.js'
import type { StartRelease } from './schemas/release.js'
import type { Temporal } from './temporal.js'

/** Drivers are asked side by side; what has not answered by then is not waited for. */
const ANSWER_WITHIN_MS = 60_000

/** Dry runs: every driver is asked what a release would change. Its secrets are kept only while it is asked. */
export class Previews {
  readonly #bundles: BundleStore
  readonly #secrets: ReleaseSecretStore
  readonly #compiler: PlanCompiler
  readonly #temporal: Temporal
  readonly #key: Sealer
  readonly #taskQueue: string
  constructor({ bundles, secrets, compiler, temporal, key, taskQueue }: { bundles: BundleStore; secrets: ReleaseSecretStore; compiler: PlanCompiler; temporal: Temporal; key: Sealer; taskQueue: string }) {
    this.#bundles = bundles
    this.#secrets = secrets
    this.#compiler = compiler
    this.#temporal = temporal
    this.#key = key
    this.#taskQueue = taskQueue
  }

  /** @throws PLAN_INVALID with every issue, UNAVAILABLE when no worker answered in time */
  async preview(user: User, bundle: BundleFiles, body: StartRelease): Promise<Preview> {
    const [id, acceptedAt] = [`preview-${randomUUID()}`, new Date().toISOString()]
    const { plan, version, secrets } = this.#compiler.compile(bundle, body, { id, user: user.name, time: acceptedAt })
    await this.#bundles.save(user.tenant, bundle)
    await this.#secrets.save(id, secrets.map(({ name, value }) => ({ name, sealed: this.#key.seal(value) })))
    const release: ReleaseRef = { tenant: user.tenant, releaseId: id, project: body.project, environment: body.environment, version, requestedBy: user.name, bundle: bundleDigest(bundle) }
    try { return await this.#ask({ release, plan, acceptedAt }) } finally { await this.#secrets.remove(id) }
  }

  async #ask(input: PreviewInput): Promise<Preview> {
    const { tenant, releaseId, project, version, environment } = input.release
    const workflowId = previewWorkflowId(tenant, releaseId)
    const handle = await this.#temporal.call('start the dry run', (client) => client.workflow.start<(given: PreviewInput) => Promise<Preview>>('previewWorkflow', {
      workflowId, taskQueue: this.#taskQueue, args: [input], workflowExecutionTimeout: ANSWER_WITHIN_MS, staticSummary: `dry run of ${project} ${version} to ${environment}`,
    }))
    try { return await this.#temporal.call('tell what would change', () => handle.result(), ANSWER_WITHIN_MS + 5000) } catch (error) {
      if ((error as Error).name === 'WorkflowFailedError') throw failure('UNAVAILABLE', `no worker told within ${ANSWER_WITHIN_MS / 1000} s what would change`)
      throw error
    }
  }
}

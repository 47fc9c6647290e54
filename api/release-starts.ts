import { createHash } from 'node:crypto'
import type { ApplicationFailure } from '@temporalio/common'
import { failure } from '../domain/failures.js'
import type { Preview } from '../domain/preview.js'
import type { ReleaseInput } from '../domain/release.js'
import type { Door } from '../domain/compiled-plan.js'
import type { Json } from '../domain/json.js'
import { bundleDigest, type BundleFiles, type BundleStore, type Sealer } from '../store/bundles.js'
import type { ReleaseStore } from '../store/releases.js'
import type { CompiledRelease, PlanCompiler } from './plan-compiler.js'
import { sourceOf, type Plans } from './plans.js'
import { newReleaseId } from './release-id.js'
import { summaryOf } from './release-reads.js'
import type { Previews } from './previews.js'
import type { ReleaseStarter } from './release-starter.js'
import { mustBe, type User } from './roles.js'
import type { Explanation } from './schemas/explanation.js'
import type { ReleaseSummary, StartRelease } from './schemas/release.js'

/** Accepts releases: compiled, stored in one transaction, then started. */
export class ReleaseStarts {
  readonly #releases: ReleaseStore
  readonly #bundles: BundleStore
  readonly #plans: Plans
  readonly #compiler: PlanCompiler
  readonly #starter: ReleaseStarter
  readonly #previews: Previews
  readonly #key: Sealer
  readonly #doors: Door[]
  constructor({ releases, bundles, plans, compiler, starter, previews, key, doors }: { releases: ReleaseStore; bundles: BundleStore; plans: Plans; compiler: PlanCompiler; starter: ReleaseStarter; previews: Previews; key: Sealer; doors: Door[] }) {
    this.#releases = releases
    this.#bundles = bundles
    this.#plans = plans
    this.#compiler = compiler
    this.#starter = starter
    this.#previews = previews
    this.#key = key
    this.#doors = doors
  }

  /**
   * Once it has answered, the release is stored and will start, whatever stops now.
   * @param key the same key and body answer the same release. @throws PLAN_INVALID with every issue, IDEMPOTENCY_CONFLICT
   */
  async start(user: User, body: StartRelease, key: string | null): Promise<ReleaseSummary> {
    if (body.options?.skipApproval) mustBe(user, 'admin', 'skipApproval')
    const requestDigest = createHash('sha256').update(JSON.stringify(body)).digest('hex')
    const prepared = await this.#prepare(user, body).catch(async (error: unknown) => {
      const before = await this.#before(user, key, requestDigest) // what it names may be gone since; the answer stays
      if (before) return before
      throw error
    })
    if ('id' in prepared) return prepared
    const { input, planVersion, secrets, bundle } = prepared
    await this.#bundles.save(user.tenant, bundle)
    const { releaseId, project, environment, version } = input.release
    const isNew = await this.#releases.accept({
      input, planVersion, idempotencyKey: key, requestDigest,
      secrets: secrets.map(({ name, value }) => ({ name, sealed: this.#key.seal(value) })),
      audit: { tenant: user.tenant, who: user.name, action: 'release.start', what: releaseId, data: { project, environment, version, plan: input.plan.name, options: { ...body.options } as Json } },
    })
    const before = isNew ? null : await this.#before(user, key, requestDigest)
    if (before) return before
    this.#starter.startSoon(input)
    return acceptedSummary(input, planVersion)
  }

  /**
   * What it would do and what every driver says would change. No release is stored, nothing is touched.
   * A driver or worker that does not answer leaves its part unknown. @throws PLAN_INVALID with every issue
   */
  async dryRun(user: User, body: StartRelease): Promise<{ explanation: Explanation; preview: Preview | null; previewError: string | null }> {
    const { bundle } = await this.#plans.find(user.tenant, sourceOf(body))
    const explanation = this.#compiler.explain(bundle, body)
    try { return { explanation, preview: await this.#previews.preview(user, bundle, body), previewError: null } } catch (error) {
      if ((error as ApplicationFailure).type !== 'UNAVAILABLE') throw error
      return { explanation, preview: null, previewError: (error as ApplicationFailure).message }
    }
  }

  async #prepare(user: User, body: StartRelease): Promise<Prepared> {
    const { bundle, planVersion } = await this.#plans.find(user.tenant, sourceOf(body))
    const now = Date.now()
    const [releaseId, acceptedAt] = [newReleaseId(now), new Date(now).toISOString()]
    const { plan, version, secrets } = this.#compiler.compile(bundle, body, { id: releaseId, user: user.name, time: acceptedAt })
    const options = body.options?.autoRollback === undefined ? plan.options : { ...plan.options, autoRollback: body.options.autoRollback }
    return {
      bundle, planVersion, secrets,
      input: {
        release: { tenant: user.tenant, releaseId, project: body.project, environment: body.environment, version, requestedBy: user.name, bundle: bundleDigest(bundle) },
        plan: { ...plan, options }, options: { skipApproval: body.options?.skipApproval ?? false, doors: this.#doors }, acceptedAt,
      },
    }
  }

  async #before(user: User, key: string | null, requestDigest: string): Promise<ReleaseSummary | null> {
    const row = key === null ? null : await this.#releases.byIdempotencyKey(user.tenant, key)
    if (!row) return null
    if (row.requestDigest === requestDigest) return summaryOf(row)
    throw failure('IDEMPOTENCY_CONFLICT', `the Idempotency-Key ${key ?? ''} was used for another request: release ${row.id}`)
  }
}
interface Prepared { input: ReleaseInput; planVersion: number | null; secrets: CompiledRelease['secrets']; bundle: BundleFiles }

const acceptedSummary = ({ release, plan, acceptedAt }: ReleaseInput, planVersion: number | null): ReleaseSummary => ({
  id: release.releaseId, project: release.project, environment: release.environment, version: release.version, planName: plan.name, planVersion,
  bundle: release.bundle, requestedBy: release.requestedBy, status: 'accepted', reason: null, concurrencyKey: plan.concurrency.key, acceptedAt, startedAt: null, endedAt: null,
})

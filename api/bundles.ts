import { Type, type Static } from 'typebox'
import { failure } from '../domain/failures.js'
import type { AuditStore } from '../store/audit.js'
import type { BundleFiles, BundleStore } from '../store/bundles.js'
import { bundleOf, bundleOfArchive } from './bundle-files.js'
import type { User } from './roles.js'
import { Digest, Files, strict } from './schemas/parts.js'

export const NewBundle = Type.Object({ entry: Type.Optional(Type.String({ minLength: 1, description: 'the plan among the files' })), files: Files }, strict)
export const BundleInfo = Type.Object({
  digest: Digest, entry: Type.String(), files: Type.Array(Type.Object({ path: Type.String(), bytes: Type.Integer() })),
})
export type NewBundle = Static<typeof NewBundle>
type BundleInfo = Static<typeof BundleInfo>

/** Plans with their files, addressed by what they hold. */
export class Bundles {
  readonly #bundles: BundleStore
  readonly #audit: AuditStore
  constructor({ bundles, audit }: { bundles: BundleStore; audit: AuditStore }) {
    this.#bundles = bundles
    this.#audit = audit
  }

  /** @param body files by path, or a tar archive. @throws REQUEST_INVALID, TOO_LARGE */
  async upload({ tenant, name }: Pick<User, 'tenant' | 'name'>, body: NewBundle | Buffer, entry: string | undefined): Promise<BundleInfo> {
    const bundle = Buffer.isBuffer(body) ? await bundleOfArchive(body, entry) : bundleOf(body.files, body.entry ?? entry)
    const digest = await this.#bundles.save(tenant, bundle)
    await this.#audit.record({ tenant, who: name, action: 'bundle.upload', what: digest, data: { entry: bundle.entry, files: Object.keys(bundle.files).length } })
    return infoOf(digest, bundle)
  }

  /** @throws NOT_FOUND */
  async get(tenant: string, digest: string): Promise<BundleInfo> { return infoOf(digest, await this.files(tenant, digest)) }

  /** @throws NOT_FOUND */
  async files(tenant: string, digest: string): Promise<BundleFiles> {
    const bundle = await this.#bundles.find(tenant, digest)
    if (!bundle) throw failure('NOT_FOUND', `there is no bundle ${digest}`)
    return bundle
  }
}

const infoOf = (digest: string, { entry, files }: BundleFiles): BundleInfo => ({
  digest, entry, files: Object.entries(files).map(([path, text]) => ({ path, bytes: Buffer.byteLength(text) })).sort((a, b) => a.path < b.path ? -1 : 1),
})

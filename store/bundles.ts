import { createHash } from 'node:crypto'
import type { PrismaClient } from './generated/client.js'
import { Recent } from './recent.js'

/** A plan with every file it names; `entry` is the plan's own path among them. */
export interface BundleFiles { entry: string; files: Record<string, string> }
/** What seals texts before they are stored: the installation's key. */
export interface Sealer { seal(text: string): string; open(sealed: string): string }

const CACHE_BYTES = 32 * 1024 * 1024

/** sha256 (hex) over the entry and the sorted (path, text) pairs. */
export function bundleDigest({ entry, files }: BundleFiles): string {
  const pairs = Object.entries(files).sort(([a], [b]) => a < b ? -1 : 1)
  return createHash('sha256').update(JSON.stringify([entry, pairs])).digest('hex')
}

/** Bundles by tenant and digest. A bundle never changes, so a process keeps the ones it used last. */
export class BundleStore {
  readonly #database: PrismaClient
  readonly #key: Sealer
  readonly #recent = new Recent<BundleFiles>(CACHE_BYTES)
  constructor(database: PrismaClient, key: Sealer) {
    this.#database = database
    this.#key = key
  }

  /** Store it sealed, once. @returns its digest */
  async save(tenant: string, bundle: BundleFiles): Promise<string> {
    const digest = bundleDigest(bundle)
    if (this.#recent.get(`${tenant}/${digest}`)) return digest
    const text = JSON.stringify(bundle.files)
    const row = { tenant, digest, entry: bundle.entry, sealed: this.#key.seal(text), bytes: Buffer.byteLength(text) }
    await this.#database.bundle.createMany({ data: [row], skipDuplicates: true })
    this.#recent.set(`${tenant}/${digest}`, bundle, row.bytes)
    return digest
  }

  async find(tenant: string, digest: string): Promise<BundleFiles | null> {
    const known = this.#recent.get(`${tenant}/${digest}`)
    if (known) return known
    const row = await this.#database.bundle.findUnique({ where: { tenant_digest: { tenant, digest } } })
    if (!row) return null
    const bundle = { entry: row.entry, files: JSON.parse(this.#key.open(row.sealed)) as Record<string, string> }
    this.#recent.set(`${tenant}/${digest}`, bundle, row.bytes)
    return bundle
  }
}

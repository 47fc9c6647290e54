import type { Sealer } from './bundles.js'
import type { PrismaClient } from './generated/client.js'

/** Values handed in with one release, stored sealed by their reference (`env:NAME`, `release:NAME`) when it is accepted. */
export class ReleaseSecretStore {
  readonly #database: PrismaClient
  readonly #key: Pick<Sealer, 'open'>
  constructor(database: PrismaClient, key: Pick<Sealer, 'open'>) {
    this.#database = database
    this.#key = key
  }

  /** Keep values by their reference. @param secrets sealed */
  async save(releaseId: string, secrets: { name: string; sealed: string }[]): Promise<void> {
    await this.#database.releaseSecret.createMany({ data: secrets.map((secret) => ({ releaseId, ...secret })) })
  }

  async remove(releaseId: string): Promise<void> { await this.#database.releaseSecret.deleteMany({ where: { releaseId } }) }

  /** @returns the value in the clear; null when none was handed in under that reference */
  async find(releaseId: string, reference: string): Promise<string | null> {
    const row = await this.#database.releaseSecret.findUnique({ where: { releaseId_name: { releaseId, name: reference } } })
    return row && this.#key.open(row.sealed)
  }
}

import { createHash } from 'node:crypto'
import type { PrismaClient } from './generated/client.js'

/** Sealed snapshots too large for a history, by the digest of what is stored. */
export class SnapshotStore {
  readonly #database: PrismaClient
  constructor(database: PrismaClient) { this.#database = database }

  /** @returns sha256 of the sealed text, hex */
  async save(sealed: string): Promise<string> {
    const digest = createHash('sha256').update(sealed).digest('hex')
    await this.#database.snapshot.createMany({ data: [{ digest, sealed }], skipDuplicates: true })
    return digest
  }

  async find(digest: string): Promise<string | null> {
    return (await this.#database.snapshot.findUnique({ where: { digest } }))?.sealed ?? null
  }
}

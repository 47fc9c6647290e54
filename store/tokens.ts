import type { PrismaClient } from './generated/client.js'

export interface TokenRow {
  id: string
  tenant: string
  name: string
  hash: string
  role: string
  groups: string[]
  /** Of an agent's token: the id of its target. */
  target: string | null
  createdBy: string
  createdAt: Date
  expiresAt: Date | null
  revokedAt: Date | null
}

/** API tokens; only their sha256 is stored. */
export class TokenStore {
  readonly #database: PrismaClient
  constructor(database: PrismaClient) { this.#database = database }

  async byHash(hash: string): Promise<TokenRow | null> { return this.#database.token.findUnique({ where: { hash } }) }
  async create(row: Omit<TokenRow, 'createdAt' | 'revokedAt' | 'target'> & { target?: string | null }): Promise<TokenRow> { return this.#database.token.create({ data: row }) }
  async list(tenant: string): Promise<TokenRow[]> { return this.#database.token.findMany({ where: { tenant }, orderBy: { createdAt: 'desc' }, take: 1000 }) }

  /** Harmless when it is revoked already. @returns null when there is none of that id */
  async revoke(tenant: string, id: string): Promise<TokenRow | null> {
    await this.#database.token.updateMany({ where: { tenant, id, revokedAt: null }, data: { revokedAt: new Date() } })
    return this.#database.token.findFirst({ where: { tenant, id } })
  }

  /** Is another live token of this name there? Two people behind one name would count as one approver. */
  async isNameTaken(tenant: string, name: string): Promise<boolean> {
    return await this.#database.token.count({ where: { tenant, name, ...live() } }) > 0
  }

  async liveAdmins(tenant: string): Promise<TokenRow[]> {
    return this.#database.token.findMany({ where: { tenant, role: 'admin', ...live() } })
  }

  /** Runs `work` while no other process does the same: two APIs that start at once make one admin token. */
  async alone<Result>(work: (tokens: TokenStore) => Promise<Result>): Promise<Result> {
    return this.#database.$transaction(async (transaction) => {
      await transaction.$executeRaw`select pg_advisory_xact_lock(7353202)`
      return work(new TokenStore(transaction as PrismaClient))
    })
  }
}

const live = () => ({ revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] })

import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { failure } from '../domain/failures.js'
import { Recent } from '../store/recent.js'
import type { TokenRow, TokenStore } from '../store/tokens.js'
import { mustBe, type Role, type User } from './roles.js'

/** A revoked token is refused everywhere after this long; in the process that revoked it, at once. */
const TRUST_MS = 5000
const MOST_KNOWN = 10_000

export const tokenHash = (token: string): string => createHash('sha256').update(token).digest('hex')

/** Turns `Authorization: Bearer rctl_…` into a user. */
export class Authentication {
  readonly #tokens: TokenStore
  readonly #known = new Recent<{ row: TokenRow; until: number }>(MOST_KNOWN)
  constructor(tokens: TokenStore) { this.#tokens = tokens }

  /** @throws UNAUTHENTICATED, FORBIDDEN (another tenant's door) */
  async userOf(request: FastifyRequest): Promise<User> {
    const [, token] = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '') ?? []
    if (token === undefined) throw failure('UNAUTHENTICATED', 'a token is needed: Authorization: Bearer rctl_…')
    const row = await this.#row(tokenHash(token))
    if (!row || row.revokedAt) throw failure('UNAUTHENTICATED', 'the token is unknown or revoked')
    if (row.expiresAt && row.expiresAt.getTime() <= Date.now()) throw failure('UNAUTHENTICATED', `the token expired at ${row.expiresAt.toISOString()}`)
    const tenant = request.headers['x-tenant-slug']
    if (tenant !== undefined && tenant !== row.tenant) throw failure('FORBIDDEN', `the token is not of tenant ${String(tenant)}`)
    return { tokenId: row.id, tenant: row.tenant, name: row.name, role: row.role as Role, groups: row.groups, target: row.target }
  }

  forget(): void { this.#known.clear() }

  async #row(hash: string): Promise<TokenRow | null> {
    const known = this.#known.get(hash)
    if (known && known.until > Date.now()) return known.row
    const row = await this.#tokens.byHash(hash)
    if (!row || !timingSafeEqual(Buffer.from(row.hash), Buffer.from(hash))) return null
    this.#known.set(hash, { row, until: Date.now() + TRUST_MS }, 1)
    return row
  }
}

/** Every route says who may call it: `config: { role }`; a route that does not say is a bug found at start. */
export function requireRoles(app: FastifyInstance, authentication: Authentication): void {
  app.addHook('onRoute', ({ config, url, method }) => {
    if (!config?.role) throw new Error(`route ${String(method)} ${url} does not say its role`)
  })
  app.addHook('onRequest', async (request) => {
    const { role } = request.routeOptions.config
    if (role === undefined || role === 'public') return
    request.user = await authentication.userOf(request)
    mustBe(request.user, role, `${request.method} ${request.routeOptions.url ?? ''}`)
  })
}

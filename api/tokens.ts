import { randomBytes, randomUUID } from 'node:crypto'
import { Type, type Static } from 'typebox'
import { failure } from '../domain/failures.js'
import type { AuditStore } from '../store/audit.js'
import type { TokenRow, TokenStore } from '../store/tokens.js'
import { tokenHash, type Authentication } from './authentication.js'
import { AGENT, type User } from './roles.js'
import { Moment, MomentOrNull, RoleName, TextOrNull, strict } from './schemas/parts.js'

export const NewToken = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 200, pattern: '\\S', description: 'who it stands for: what approvals and the audit show' }),
  role: RoleName,
  groups: Type.Array(Type.String({ minLength: 1, maxLength: 200 }), { default: [], maxItems: 100 }),
  target: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'of an agent\'s token, and only of one: the id of its target' })),
  expiresAt: Type.Optional(Moment),
}, strict)
export const TokenInfo = Type.Object({
  id: Type.String(), name: Type.String(), role: Type.String(), groups: Type.Array(Type.String()), target: TextOrNull, createdBy: Type.String(),
  createdAt: Moment, expiresAt: MomentOrNull, revokedAt: MomentOrNull,
})
type TokenInfo = Static<typeof TokenInfo>

export const newTokenText = (): string => `rctl_${randomBytes(32).toString('base64url')}`

/** API tokens of a tenant: made, listed and revoked by its admins. */
export class Tokens {
  readonly #tokens: TokenStore
  readonly #targets: { find(tenant: string, id: string): Promise<unknown> }
  readonly #audit: AuditStore
  readonly #authentication: Authentication
  constructor({ tokens, targets, audit, authentication }: { tokens: TokenStore; targets: { find(tenant: string, id: string): Promise<unknown> }; audit: AuditStore; authentication: Authentication }) {
    this.#tokens = tokens
    this.#targets = targets
    this.#audit = audit
    this.#authentication = authentication
  }

  /** The only time its text is shown. @throws REQUEST_INVALID when a live token has the name: two people would count as one approver */
  async create({ tenant, name: who }: User, { name, role, groups, target, expiresAt }: Static<typeof NewToken>): Promise<TokenInfo & { token: string }> {
    if ((role === AGENT) !== (target !== undefined)) throw failure('REQUEST_INVALID', 'a token of the role agent, and no other, names its target')
    if (target !== undefined && !await this.#targets.find(tenant, target)) throw failure('REQUEST_INVALID', `there is no target ${target}`)
    if (expiresAt !== undefined && Date.parse(expiresAt) <= Date.now()) throw failure('REQUEST_INVALID', `expiresAt ${expiresAt} has passed`)
    if (await this.#tokens.isNameTaken(tenant, name)) throw failure('REQUEST_INVALID', `a live token is named ${name}; revoke it first, or take another name`)
    const token = newTokenText()
    const row = await this.#tokens.create({ id: randomUUID(), tenant, name, hash: tokenHash(token), role, groups, target: target ?? null, createdBy: who, expiresAt: expiresAt === undefined ? null : new Date(expiresAt) })
    await this.#audit.record({ tenant, who, action: 'token.create', what: row.id, data: { name, role, groups, ...(target !== undefined && { target }), expiresAt: expiresAt ?? null } })
    return { ...infoOf(row), token }
  }

  async list(tenant: string): Promise<{ items: TokenInfo[] }> { return { items: (await this.#tokens.list(tenant)).map(infoOf) } }

  /** @throws NOT_FOUND */
  async revoke({ tenant, name: who }: User, id: string): Promise<TokenInfo> {
    const row = await this.#tokens.revoke(tenant, id)
    if (!row) throw failure('NOT_FOUND', `there is no token ${id}`)
    this.#authentication.forget()
    await this.#audit.record({ tenant, who, action: 'token.revoke', what: id, data: { name: row.name } })
    return infoOf(row)
  }
}

const infoOf = ({ id, name, role, groups, target, createdBy, createdAt, expiresAt, revokedAt }: TokenRow): TokenInfo => ({
  id, name, role, groups, target, createdBy, createdAt: createdAt.toISOString(), expiresAt: expiresAt?.toISOString() ?? null, revokedAt: revokedAt?.toISOString() ?? null,
})

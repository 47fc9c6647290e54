// The API on a real PostgreSQL and a real Temporal server, with a token of each role.
import { randomBytes, randomUUID } from 'node:crypto'
import { pino } from 'pino'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { buildApp } from '../../api/app.js'
import { tokenHash } from '../../api/authentication.js'
import { ROLES, type Role } from '../../api/roles.js'
import { Temporal } from '../../api/temporal.js'
import { newTokenText } from '../../api/tokens.js'
import { wireServices } from '../../api/wiring.js'
import { InstallationKey } from '../../config/key.js'
import { allowedEnvironment, readSettings } from '../../config/settings.js'
import { createSecretResolver } from '../../drivers/secrets/resolver.js'
import { connect } from '../../store/database.js'
import type { PrismaClient } from '../../store/generated/client.js'
import { ReleaseSecretStore } from '../../store/release-secrets.js'
import { testDatabase } from '../support/servers.js'

/** A port of this machine where nothing listens (`discard`, never served here). */
export const NOWHERE = '127.0.0.1:9'

export class ApiWorld {
  readonly app: FastifyInstance
  readonly database: PrismaClient
  readonly key: InstallationKey
  readonly taskQueue: string
  readonly databaseUrl: string
  readonly starter: ReturnType<typeof wireServices>['starter']
  readonly #temporal: Temporal
  readonly #tokens: Map<string, string>

  private constructor(parts: { app: FastifyInstance; database: PrismaClient; key: InstallationKey; taskQueue: string; databaseUrl: string; starter: ApiWorld['starter']; temporal: Temporal; tokens: Map<string, string> }) {
    this.app = parts.app
    this.database = parts.database
    this.key = parts.key
    this.taskQueue = parts.taskQueue
    this.databaseUrl = parts.databaseUrl
    this.starter = parts.starter
    this.#temporal = parts.temporal
    this.#tokens = parts.tokens
  }

  /** @param databaseUrl of another world, to be a second API beside it */
  static async open({ temporal: address = NOWHERE, databaseUrl, key = new InstallationKey(randomBytes(32)), taskQueue = randomUUID(), env = '', home = '.releasectl' }: { temporal?: string; databaseUrl?: string; key?: InstallationKey; taskQueue?: string; env?: string; home?: string } = {}): Promise<ApiWorld> {
    const url = databaseUrl ?? await testDatabase()
    const settings = readSettings({ DATABASE_URL: url, TEMPORAL_ADDRESS: address, RELEASECTL_TASK_QUEUE: taskQueue, RELEASECTL_PLAN_ENV: env, RELEASECTL_HOME: home })
    const database = connect(url)
    const temporal = new Temporal(settings)
    const log = pino({ level: 'silent' })
    const resolveSecret = createSecretResolver({ env: allowedEnvironment(settings), key, releaseSecrets: new ReleaseSecretStore(database, key), files: null })
    const { services, authentication, starter } = wireServices({ settings, database, temporal, key, log, resolveSecret })
    const app = await buildApp({ services, authentication, log })
    await app.ready()
    const tokens = new Map<string, string>()
    const world = new ApiWorld({ app, database, key, taskQueue, databaseUrl: url, starter, temporal, tokens })
    if (databaseUrl === undefined) for (const role of ROLES) await world.addToken({ name: role, role })
    return world
  }

  async addToken({ name, role, tenant = 'default', groups = [], target = null, expiresAt = null }: { name: string; role: Role; tenant?: string; groups?: string[]; target?: string | null; expiresAt?: Date | null }): Promise<string> {
    const token = newTokenText()
    await this.database.token.create({ data: { id: randomUUID(), tenant, name, hash: tokenHash(token), role, groups, target, createdBy: 'test', expiresAt } })
    this.#tokens.set(name, token)
    return token
  }

  token(name: string): string { return this.#tokens.get(name) ?? '' }

  /** Ask as the token of that name. */
  async ask(name: string, method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, body?: unknown, headers: Record<string, string> = {}): Promise<LightMyRequestResponse> {
    const given: InjectOptions = { method, url, headers: { authorization: `Bearer ${this.token(name)}`, ...headers } }
    return this.app.inject(body === undefined ? given : { ...given, payload: body as object })
  }

  async close(): Promise<void> {
    await this.app.close()
    await this.starter.close()
    await this.#temporal.close()
    await this.database.$disconnect()
  }
}

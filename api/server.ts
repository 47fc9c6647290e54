import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { createSecretResolver } from '../drivers/secrets/resolver.js'
import { InstallationKey } from '../config/key.js'
import { allowedEnvironment, readSettings } from '../config/settings.js'
import { connect } from '../store/database.js'
import { ReleaseSecretStore } from '../store/release-secrets.js'
import type { TokenStore } from '../store/tokens.js'
import { buildApp } from './app.js'
import { ensureFirstToken } from './first-token.js'
import { Temporal } from './temporal.js'
import { wireServices } from './wiring.js'

const TRY_AGAIN_MS = 1000

const settings = readSettings()
const log = pino({ level: settings.LOG_LEVEL, redact: ['req.headers.authorization', 'req.headers.cookie'] })
const database = connect(settings.DATABASE_URL)
const temporal = new Temporal(settings)
const key = InstallationKey.read(settings.RELEASECTL_KEY_FILE)
const resolveSecret = createSecretResolver({ env: allowedEnvironment(settings), key, releaseSecrets: new ReleaseSecretStore(database, key), files: settings.RELEASECTL_SECRET_FILES ?? null })
const { services, authentication, starter, tokens } = wireServices({ settings, database, temporal, key, log, resolveSecret })
const app = await buildApp({ services, authentication, log })
const stopping = new AbortController()

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop())
starter.run()
const { RELEASECTL_TOKEN_FILE: tokenFile } = settings
// Before it listens: who finds the API answering finds its token, unless the database is still away.
let hasToken = tokenFile === undefined || await firstToken(tokens, tokenFile)
await app.listen({ host: settings.API_HOST, port: settings.API_PORT })
while (!hasToken && !stopping.signal.aborted) {
  await sleep(TRY_AGAIN_MS, undefined, { signal: stopping.signal }).catch(() => undefined)
  hasToken = tokenFile === undefined || await firstToken(tokens, tokenFile)
}

/** @returns false: the database does not answer yet; it may come up after the API */
async function firstToken(store: TokenStore, file: string): Promise<boolean> {
  try {
    if (await ensureFirstToken(store, file)) log.info({ file }, 'wrote a new admin token')
    return true
  } catch (error) {
    log.warn({ err: error }, 'cannot look for an admin token; trying again')
    return false
  }
}

/** Answers what was asked, ends streams, then lets go of everything. */
async function stop(): Promise<void> {
  stopping.abort()
  await app.close()
  await starter.close()
  await Promise.allSettled([temporal.close(), database.$disconnect()])
  process.exit(0)
}

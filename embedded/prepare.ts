import { readSettings } from '../config/settings.js'
import { migrate } from '../store/migrate.js'
import { openHome } from './home.js'
import { registerSearchAttributes } from './temporal.js'

/**
 * One run before API, worker and edge are started or upgraded where their servers are given (docker-compose.yml):
 * secrets on first use, the database's migrations, Temporal's search attributes. Twice is harmless.
 */
async function prepare(): Promise<void> {
  const settings = readSettings()
  const home = openHome(settings.RELEASECTL_HOME)
  const applied = await migrate(settings.DATABASE_URL)
  await registerSearchAttributes(settings.TEMPORAL_ADDRESS, settings.TEMPORAL_NAMESPACE)
  console.log(`prepared ${home.folder}; migrations applied: ${applied.join(', ') || 'none, all were there'}`)
}

await prepare()

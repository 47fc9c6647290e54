import type { Home } from './home.js'
import type { Ports } from './ports.js'

/** The settings of worker, API and edge (config/settings.ts): this installation's, unless the environment says otherwise. */
export function childEnvironment(home: Home, ports: Ports, databaseUrl: string, temporalAddress: string | undefined, extra: Record<string, string> = {}): Record<string, string> {
  const set = process.env
  return {
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress ?? `127.0.0.1:${ports.TEMPORAL_PORT}`,
    TEMPORAL_NAMESPACE: set['TEMPORAL_NAMESPACE'] ?? 'default',
    RELEASECTL_TASK_QUEUE: set['RELEASECTL_TASK_QUEUE'] ?? 'releases',
    RELEASECTL_HOME: home.folder,
    RELEASECTL_KEY_FILE: set['RELEASECTL_KEY_FILE'] ?? home.keyFile,
    RELEASECTL_TOKEN_FILE: home.tokenFile,
    RELEASECTL_DOORS: set['RELEASECTL_DOORS'] ?? 'api,temporal', // on one machine, who reaches the Web UI is its owner
    API_PORT: String(ports.API_PORT),
    EDGE_CONTROL_URL: `http://127.0.0.1:${ports.EDGE_CONTROL_PORT}`,
    EDGE_TOKEN_FILE: home.edgeTokenFile,
    EDGE_CONTROL_PORT: String(ports.EDGE_CONTROL_PORT),
    EDGE_HOST: set['EDGE_HOST'] ?? '127.0.0.1',
    EDGE_PORT: String(ports.EDGE_PORT),
    EDGE_STATE_FILE: home.edgeState,
    ...extra,
  }
}

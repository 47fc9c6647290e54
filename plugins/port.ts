import type { Json, JsonObject } from '../domain/json.js'
import type { Kind } from '../plan/kind.js'

export const PLUGIN_PARTS = ['snapshot', 'execute', 'rollback', 'preview', 'uninstall'] as const
export type PluginPart = (typeof PLUGIN_PARTS)[number]

/** One plugin as the lock file has it. `integrity`: sha512 over all of its files as they were installed. */
export interface InstalledPlugin {
  name: string
  version: string
  description: string
  /** `npm:name@version`, with what the registry's tarball must be; or `path:/folder`. */
  source: string
  tarball: string | null
  integrity: string
  /** Its module, relative to its folder. */
  entry: string
  installedAt: string
  configSchema: JsonObject
  defaultTimeout: string
  parts: PluginPart[]
}

/** What a part is called with. */
export interface PluginCall { part: PluginPart; config: JsonObject; snapshot: Json; facts: JsonObject; timeoutMs: number }
export interface PluginEars {
  log(stream: 'stdout' | 'stderr' | 'info', text: string): void
  heartbeat(details: Json): void
  bundleFile(path: string): Promise<string | null>
  signal: AbortSignal
}

/** The plugins of this installation. */
export interface PluginPort {
  /** Null: there is none of that name. @throws CONFIG_INVALID when the lock file cannot be read */
  find(name: string): Promise<{ plugin: InstalledPlugin; kind: Kind } | null>
  /**
   * Run one part in a process of its own, after its files were compared with the lock file.
   * @returns what it returned; @throws CONFIG_INVALID when a file was changed; TIMED_OUT; CHECK_FAILED, or the code it names, when it throws, ends without an answer
   */
  call(name: string, call: PluginCall, ears: PluginEars): Promise<Json>
}

import type { JsonObject } from '../domain/json.js'
import type { Kind } from './kind.js'
import type { ReleaseWindow } from '../domain/window.js'

/** What a plan is compiled against. */
export interface CompileContext {
  /** Values by name, later wins; the plan's own variables stand between `environment` and `release`. A value may be a typed form. */
  layers: { system: JsonObject; project: JsonObject; environment: JsonObject; release: JsonObject; runTime: JsonObject }
  /** What `env.NAME` may read. */
  env: Record<string, string>
  /** false: names of `env` that are not here are given later (validate). true: they are issues (a release starts). */
  envComplete: boolean
  /** Chooses among the values of `env_specific` variables; null: any of them will do. */
  environmentName: string | null
  release: ReleaseFacts
  /** Windows a plan may name. */
  windows: Record<string, ReleaseWindow>
  /** Kinds besides this build's own: those of plugins. */
  kinds: readonly Kind[]
}
/** `time`: ISO 8601 UTC. */
export interface ReleaseFacts { id: string; version: string; user: string; time: string; project: string }

/** For checking a plan without a release: facts are made up, `env` is given later. */
export function placeholderContext(given: Partial<CompileContext> = {}): CompileContext {
  return {
    layers: { system: {}, project: {}, environment: {}, release: {}, runTime: {} },
    env: {}, envComplete: false, environmentName: null, windows: {}, kinds: [],
    release: { id: '00000000-0000-0000-0000-000000000000', version: '0.0.0', user: 'nobody', time: '2000-01-01T00:00:00Z', project: 'project' },
    ...given,
  }
}

/** The built-in variables of spec 2 §3.5.2 that are known before the first job. */
export const builtIns = ({ release, environmentName }: CompileContext): JsonObject => ({
  RELEASE_ID: release.id,
  RELEASE_VERSION: release.version,
  RELEASE_ENV: environmentName ?? 'environment',
  RELEASE_USER: release.user,
  RELEASE_TIME: release.time,
  RELEASE_TIMESTAMP: Math.floor(Date.parse(release.time) / 1000) || 0,
  PROJECT_NAME: release.project,
  APP_NAME: release.project,
  APP_VERSION: release.version,
  APP_ENV: environmentName ?? 'environment',
})

/** Built-in names this build never knows by itself; a layer may give them. */
export const UNKNOWN_BUILT_IN = /^(?:TARGET|GIT|IMAGE|K8S)_[A-Z_]+$|^(?:CONTAINER_NAME|APP_DIR|BACKUP_DIR|LOG_DIR|TEMP_DIR|WORK_DIR|CURRENT_VERSION|ROLLBACK_VERSION|ARTIFACT_URL)$/u

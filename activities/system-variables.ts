import type { ReleaseRef } from '../domain/release.js'

/** What every script knows of its release, by spec 2's names; the plan's variables may say otherwise (they hold RELEASE_TIME). */
export const systemVariables = (release: ReleaseRef): Record<string, string> => ({
  RELEASE_ID: release.releaseId,
  RELEASE_VERSION: release.version,
  RELEASE_ENV: release.environment,
  RELEASE_USER: release.requestedBy,
  PROJECT_NAME: release.project,
  APP_NAME: release.project,
  APP_VERSION: release.version,
  APP_ENV: release.environment,
})

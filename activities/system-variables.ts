import { isIP } from 'node:net'
import type { TargetRef } from '../domain/target.js'
import type { JobCall } from './contract.js'

/** What every script and service knows of its release, by spec 2's names (3.5.2); the plan's variables may say otherwise. */
export const systemVariables = ({ release, acceptedAt, target }: Pick<JobCall, 'release' | 'acceptedAt' | 'target'>): Record<string, string> => ({
  RELEASE_ID: release.releaseId,
  RELEASE_VERSION: release.version,
  RELEASE_ENV: release.environment,
  RELEASE_TIME: acceptedAt,
  RELEASE_TIMESTAMP: String(Math.floor(Date.parse(acceptedAt) / 1000)),
  RELEASE_USER: release.requestedBy,
  PROJECT_NAME: release.project,
  APP_NAME: release.project,
  APP_VERSION: release.version,
  APP_ENV: release.environment,
  ...target && targetVariables(target),
})

const targetVariables = ({ id, name, host, via, labels }: TargetRef): Record<string, string> => ({
  TARGET_ID: id,
  TARGET_NAME: name,
  TARGET_HOST: host ?? '',
  TARGET_IP: host !== null && isIP(host) !== 0 ? host : '',
  TARGET_CLIENT_ID: via === 'agent' ? id : '',
  TARGET_LABELS: JSON.stringify(labels),
})

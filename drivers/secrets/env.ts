import { failure } from '../../domain/failures.js'
import type { SecretPort } from './port.js'
import type { FindHandedIn } from './release.js'

/**
 * `env:NAME`: what was handed in with the release, else what the installation lets plans read of the worker's environment.
 * @param allowed names from RELEASECTL_PLAN_ENV to their values; nothing else of the environment is ever read
 */
export const envSecrets = (find: FindHandedIn, allowed: Record<string, string>): SecretPort => ({
  async resolve(name, { releaseId }) {
    const value = await find(releaseId, `env:${name}`) ?? (Object.hasOwn(allowed, name) ? allowed[name] : undefined)
    if (value === undefined) throw failure('SECRET_MISSING', `environment variable ${name} was not handed in with the release, and the worker does not have it for plans (RELEASECTL_PLAN_ENV)`)
    return value
  },
})

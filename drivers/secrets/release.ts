import { failure } from '../../domain/failures.js'
import type { SecretPort } from './port.js'

/** Finds a value handed in with a release by its whole reference: `env:NAME`, `release:NAME`. */
export type FindHandedIn = (releaseId: string, reference: string) => Promise<string | null>

/** `release:NAME`: a secret variable handed in with the release. */
export const releaseSecrets = (find: FindHandedIn): SecretPort => ({
  async resolve(name, { releaseId }) {
    const value = await find(releaseId, `release:${name}`)
    if (value === null) throw failure('SECRET_MISSING', `secret ${name} was not handed in with the release`)
    return value
  },
})

import { failure } from '../../domain/failures.js'
import type { SecretPort } from './port.js'

/** `sealed:v1:…`: a value sealed with the installation's key, so that a plan file may hold it (spec 2's `encrypted:AES256:…`). */
export const sealedSecrets = (key: { open(sealed: string): string }): SecretPort => ({
  async resolve(sealed) {
    try { return key.open(sealed.replace(/^encrypted:AES256:/, '')) } catch {
      throw failure('SECRET_MISSING', 'a sealed value does not open with this installation\'s key')
    }
  },
})

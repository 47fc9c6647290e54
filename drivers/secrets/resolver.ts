import { failure } from '../../domain/failures.js'
import { envSecrets } from './env.js'
import { fileSecrets } from './file.js'
import type { SecretPort } from './port.js'
import { releaseSecrets, type FindHandedIn } from './release.js'
import { sealedSecrets } from './sealed.js'

export interface SecretSources {
  /** Names plans may read of the worker's environment, to their values. */
  env: Record<string, string>
  key: { open(sealed: string): string }
  releaseSecrets: { find: FindHandedIn }
  /** The one folder plans may read secrets from. */
  files: string | null
}

/** From a whole reference (`env:NAME`, `file:/path`, `sealed:…`, `release:NAME`) to its value. @throws SECRET_MISSING */
export function createSecretResolver({ env, key, releaseSecrets: handedIn, files }: SecretSources): SecretPort['resolve'] {
  const find: FindHandedIn = (releaseId, reference) => handedIn.find(releaseId, reference)
  const sources = new Map<string, SecretPort>([
    ['env', envSecrets(find, env)], ['release', releaseSecrets(find)], ['file', fileSecrets(files)], ['sealed', sealedSecrets(key)],
  ])
  return async (reference, context) => {
    const [scheme = '', ...rest] = reference.split(':')
    const source = rest.length > 0 ? sources.get(scheme) : undefined
    if (!source) throw failure('SECRET_MISSING', `no source of secrets ${JSON.stringify(scheme)}; there are: ${[...sources.keys()].join(', ')}`)
    return source.resolve(rest.join(':'), context)
  }
}

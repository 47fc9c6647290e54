import { failure } from '../../domain/failures.js'
import { isObject } from '../../domain/json.js'
import { parseImage } from '../../domain/image-reference.js'
import type { RegistryLogin } from '../../drivers/containers/port.js'
import type { RegistryLogin as Given } from '../../plan/kinds/container-parts.js'

const DOCKER_HUB = ['https://index.docker.io/v1/', 'index.docker.io', 'docker.io', 'registry-1.docker.io']

/** How to log in where an image is pulled from; null: without. @throws CONFIG_INVALID, naming no secret */
export function registryLogin(image: string, given: Given | undefined): RegistryLogin | null {
  if (given === undefined) return null
  const { username, password, dockerConfig } = given
  if (dockerConfig === undefined) {
    if (username === undefined || password === undefined) throw failure('CONFIG_INVALID', 'registry: needs username and password, or dockerConfig')
    return { username, password }
  }
  const registry = parseImage(image)?.registry ?? ''
  const config = parsed(dockerConfig)
  const auths = isObject(config['auths']) ? config['auths'] : {}
  const names = registry === 'docker.io' ? DOCKER_HUB : [registry, `https://${registry}`, `http://${registry}`, `https://${registry}/v1/`, `https://${registry}/v2/`]
  const entry = names.map((name) => auths[name]).find((one) => isObject(one))
  if (!isObject(entry)) {
    const helper = config['credsStore'] ?? (isObject(config['credHelpers']) ? config['credHelpers'][registry] : undefined)
    if (helper !== undefined) throw failure('CONFIG_INVALID', `registry.dockerConfig: logins of ${registry} are kept by the credential helper ${JSON.stringify(helper)}, which is not asked: give username and password`)
    return null
  }
  const [user, secret] = typeof entry['auth'] === 'string' ? cut(Buffer.from(entry['auth'], 'base64').toString('utf8')) : [entry['username'], entry['password']]
  if (typeof user !== 'string' || typeof secret !== 'string' || user === '') throw failure('CONFIG_INVALID', `registry.dockerConfig: the entry of ${registry} holds no login`)
  return { username: user, password: secret }
}

const cut = (text: string): [string, string | null] => [text.split(':', 1)[0] ?? '', text.includes(':') ? text.slice(text.indexOf(':') + 1) : null]

function parsed(text: string): Record<string, unknown> {
  try {
    const config: unknown = JSON.parse(text)
    if (isObject(config)) return config
  } catch { /* said below */ }
  throw failure('CONFIG_INVALID', 'registry.dockerConfig: is no JSON object')
}

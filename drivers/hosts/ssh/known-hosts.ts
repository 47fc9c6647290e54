import { createHash, createHmac } from 'node:crypto'

export interface KnownKey { type: string; key: Buffer; revoked: boolean }

/**
 * The keys a known_hosts file has for a host (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): plain, with wildcards or hashed.
 * Lines of certificate authorities are left out: host certificates are not understood here.
 */
export function knownKeys(text: string, host: string, port: number): KnownKey[] {
  const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`
  return text.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/)
    const marker = words[0]?.startsWith('@') === true ? words.shift() : undefined
    const [patterns = '', type = '', key = ''] = words
    if (patterns === '' || patterns.startsWith('#') || key === '' || (marker !== undefined && marker !== '@revoked')) return []
    return names(patterns, name) ? [{ type, key: Buffer.from(key, 'base64'), revoked: marker === '@revoked' }] : []
  })
}

/** `SHA256:…`, as ssh-keygen -l prints it. */
export const fingerprint = (key: Buffer): string => `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`

/** The type is the first thing in a public key. */
export const typeOf = (key: Buffer): string => key.toString('latin1', 4, 4 + key.readUInt32BE(0))

function names(patterns: string, name: string): boolean {
  if (patterns.startsWith('|1|')) {
    const [, , salt = '', hash = ''] = patterns.split('|')
    return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash
  }
  let found = false
  for (const pattern of patterns.toLowerCase().split(',')) {
    const isNot = pattern.startsWith('!')
    if (!wildcard(isNot ? pattern.slice(1) : pattern).test(name)) continue
    if (isNot) return false
    found = true
  }
  return found
}

const wildcard = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replace(/[\\^$+.()|{}[\]]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`)

import { createHash, createHmac } from 'node:crypto'

/** What a host may show: exact fingerprints, or lines of a known_hosts file. */
export interface KnownHost { host: string; port: number; hostKey?: string | undefined; knownHosts?: string | undefined }

export const fingerprint = (key: Buffer): string => `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`

/** Is it the host it should be (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT")? @returns null, or why it is not */
export function distrust(key: Buffer, { host, port, hostKey, knownHosts = '' }: KnownHost): string | null {
  const shown = fingerprint(key)
  if (hostKey !== undefined) return shown === hostKey.replace(/=+$/, '') ? null : `it shows host key ${shown}, not ${hostKey}`
  const lines = linesFor(knownHosts, host, port)
  if (lines.some(({ marker, blob }) => marker === '@revoked' && blob === key.toString('base64'))) return `its host key ${shown} is revoked`
  const known = lines.filter(({ marker }) => marker === undefined)
  if (known.some(({ blob }) => blob === key.toString('base64'))) return null
  return known.length > 0 ? `it shows host key ${shown}, which is not the one in known_hosts: the host key has changed, or this is another host` : `its host key ${shown} is not known: give hostKey or knownHosts`
}

/** Key types that are known of a host, so that it is asked for one of these. */
export const knownTypes = ({ host, port, knownHosts = '' }: KnownHost): string[] =>
  [...new Set(linesFor(knownHosts, host, port).flatMap(({ marker, type }) => marker === undefined ? [type] : []))]

interface Line { marker: string | undefined; type: string; blob: string }

function linesFor(text: string, host: string, port: number): Line[] {
  const name = port === 22 ? host : `[${host}]:${port}`
  return text.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/)
    const marker = words[0]?.startsWith('@') === true ? words.shift() : undefined
    const [names = '', type = '', blob = ''] = words
    return blob !== '' && !names.startsWith('#') && marker !== '@cert-authority' && isNamed(names, name) ? [{ marker, type, blob }] : []
  })
}

function isNamed(names: string, name: string): boolean {
  const hashed = /^\|1\|([^|]+)\|(.+)$/.exec(names)
  if (hashed) return createHmac('sha1', Buffer.from(hashed[1] ?? '', 'base64')).update(name).digest('base64') === hashed[2]
  const patterns = names.split(',')
  if (patterns.some((pattern) => pattern.startsWith('!') && glob(pattern.slice(1)).test(name))) return false
  return patterns.some((pattern) => glob(pattern).test(name))
}

const glob = (pattern: string): RegExp => new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.')}$`, 'i')

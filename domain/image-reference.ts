/** A container image as it is written: `registry/name:tag`, `registry/name@sha256:…`, or both. */
export interface ImageReference {
  /** Where it is pulled from: `docker.io` where none is written. */
  registry: string
  /** Name with its registry, as written, without tag and digest. */
  repository: string
  /** Null: none is written; an engine takes `latest` then, unless there is a digest. */
  tag: string | null
  /** `sha256:…`; null: none is written. */
  digest: string | null
}

const WRITTEN = /^([A-Za-z0-9][A-Za-z0-9._:/-]*?)(?::(\w[\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/

/** @returns null for a text that names no image */
export function parseImage(text: string): ImageReference | null {
  const [, repository = '', tag = null, digest = null] = WRITTEN.exec(text) ?? []
  if (repository === '' || repository.endsWith('/') || repository.includes('//')) return null
  const [first = '', ...rest] = repository.split('/')
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  return { registry: hasRegistry ? first : 'docker.io', repository, tag, digest }
}

/** By digest: what cannot move. */
export const pinned = ({ repository }: ImageReference, digest: string): string => `${repository}@${digest}`
/** By tag. */
export const tagged = ({ repository, tag }: ImageReference): string => `${repository}:${tag ?? 'latest'}`
/** `sha256:0123456789ab…`, for people. */
export const shortDigest = (digest: string): string => digest.replace(/^(sha256:)?([0-9a-f]{12})[0-9a-f]*$/, 'sha256:$2')

/** Shares are told apart in hundredths of a percent. */
export const BUCKETS = 10_000

/** The part of the hash that stays the same while one candidate is rolled out behind one route: computed once, not per request. */
export const routingSeed = (route: string, candidateId: string): number => murmur3(`${route}\0${candidateId}`, 0)

/** Where a session stands, 0–9999. The candidate's id is in the seed, so that it is not always the same people who go first. */
export const routingBucket = (seed: number, key: string): number => murmur3(key, seed) % BUCKETS

/**
 * Does a session in `bucket` go to the candidate at `percent` (0–100, steps of 0.01)? Its bucket never changes, so a
 * growing percent only ever moves it towards the candidate, and equal percents give equal answers.
 */
export const goesToCandidate = (bucket: number, percent: number): boolean => bucket < Math.round(percent * 100)

/**
 * MurmurHash3_x86_32 (Austin Appleby, public domain: github.com/aappleby/smhasher) of the text's UTF-16LE bytes: two
 * characters make one block, so a text is hashed without being encoded first.
 * @returns an unsigned 32-bit number
 */
export function murmur3(text: string, seed: number): number {
  const { length } = text
  let hash = seed | 0
  let at = 0
  for (const last = length - 1; at < last; at += 2) {
    hash ^= scrambled(text.charCodeAt(at) | text.charCodeAt(at + 1) << 16)
    hash = hash << 13 | hash >>> 19
    hash = Math.imul(hash, 5) + 0xe6546b64 | 0
  }
  if (at < length) hash ^= scrambled(text.charCodeAt(at))
  hash ^= length * 2
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b)
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35)
  return (hash ^ hash >>> 16) >>> 0
}

function scrambled(block: number): number {
  const product = Math.imul(block, 0xcc9e2d51)
  return Math.imul(product << 15 | product >>> 17, 0x1b873593)
}

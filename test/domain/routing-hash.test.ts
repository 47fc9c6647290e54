import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BUCKETS, goesToCandidate, murmur3, routingBucket, routingSeed } from '../../domain/routing-hash.js'

const percent = fc.integer({ min: 0, max: BUCKETS }).map((hundredths) => hundredths / 100)

test('a session only ever moves towards the candidate as the percent grows', () => {
  fc.assert(fc.property(fc.string(), fc.string(), fc.string(), percent, percent, (route, candidate, key, one, other) => {
    const bucket = routingBucket(routingSeed(route, candidate), key)
    const [low, high] = one < other ? [one, other] : [other, one]
    return !goesToCandidate(bucket, low) || goesToCandidate(bucket, high)
  }))
})

test('at 0 % nobody goes to the candidate and at 100 % everybody does', () => {
  fc.assert(fc.property(fc.string(), fc.string(), fc.string(), (route, candidate, key) => {
    const bucket = routingBucket(routingSeed(route, candidate), key)
    return !goesToCandidate(bucket, 0) && goesToCandidate(bucket, 100)
  }))
})

test('the candidate gets its share of sessions, whatever the keys look like', () => {
  const count = 20_000
  const shapes: ((n: number) => string)[] = [(n) => String(n), (n) => `10.1.${n >> 8}.${n & 255}`, (n) => `user-${n}@example.com`, (n) => 'a'.repeat(n % 50) + String(n)]
  fc.assert(fc.property(fc.constantFrom(...shapes), fc.uuid(), fc.integer({ min: 1, max: 99 }), (shape, candidate, share) => {
    const seed = routingSeed('web', candidate)
    let taken = 0
    for (let n = 0; n < count; n++) if (goesToCandidate(routingBucket(seed, shape(n)), share)) taken++
    const expected = count * share / 100
    expect(Math.abs(taken - expected)).toBeLessThan(6 * Math.sqrt(expected * (1 - share / 100)) + 1) // six standard deviations
  }), { numRuns: 60 })
})

test('the next candidate tries other sessions first', () => {
  const early = (candidate: string) => new Set(Array.from({ length: 10_000 }, (_, n) => `session-${n}`)
    .filter((key) => goesToCandidate(routingBucket(routingSeed('web', candidate), key), 10)))
  const [first, second] = [early('release-1'), early('release-2')]
  const both = [...first].filter((key) => second.has(key)).length
  expect(both).toBeLessThan(first.size / 5) // by chance: a tenth
})

test('the hash is MurmurHash3: the published vectors hold', () => {
  expect(murmur3('', 0)).toBe(0)
  expect(murmur3('', 1)).toBe(0x514e28b7)
  expect(murmur3('\u4321\u8765', 0)).toBe(0xf55b516b) // the bytes 21 43 65 87
  expect(murmur3('\u4321\u8765', 0x5082edee)).toBe(0x2362f9de)
  expect(murmur3('\u4321', 0)).toBe(0xa0f7b07a)
})

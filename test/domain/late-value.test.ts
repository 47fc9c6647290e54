import fc from 'fast-check'
import { expect, test } from 'vitest'
import { withSecrets } from '../../activities/late-secrets.js'
import type { Json } from '../../domain/json.js'
import { fillIn, isLate, lateParts } from '../../domain/late-value.js'

const known = (values: Record<string, Json>) => (part: { ref: string } | { secret: string }): Json | undefined => values['ref' in part ? part.ref : part.secret]

test('one reference alone keeps the type of its value', () => {
  const config = { replicas: { $late: [{ ref: 'jobs.plan.outputs.replicas' }] } }
  expect(fillIn(config, known({ 'jobs.plan.outputs.replicas': 3 }))).toEqual({ replicas: 3 })
})

test('several parts are joined as text', () => {
  const value = { $late: ['http://', { ref: 'host' }, ':', { ref: 'port' }, '/', { ref: 'query' }] }
  expect(fillIn(value, known({ host: 'web', port: 80, query: { a: 1 } }))).toBe('http://web:80/{"a":1}')
})

test('a part that is not known yet stays late, with what is known already filled in', () => {
  const value = { $late: ['Bearer ', { ref: 'kind' }, '-', { secret: 'env:TOKEN' }] }
  const half = fillIn(value, known({ kind: 'ci' }))
  expect(half).toEqual({ $late: ['Bearer ci-', { secret: 'env:TOKEN' }] })
  expect(fillIn(half, known({ 'env:TOKEN': 't0p' }))).toBe('Bearer ci-t0p')
})

test('null is a value, not a missing one', () => {
  expect(fillIn({ $late: [{ ref: 'nothing' }] }, known({ nothing: null }))).toBeNull()
})

test('what a value holds is never looked into again: no output can name a secret', () => {
  expect(fillIn({ $late: [{ ref: 'output' }] }, known({ output: '${env.TOKEN}', 'env:TOKEN': 'x' }))).toBe('${env.TOKEN}')
})

test('an output that looks like a late value is only text: it cannot have a secret filled in', () => {
  const output = { url: { $late: [{ secret: 'env:TOKEN' }] } }
  const filled = fillIn({ $late: [{ ref: 'output' }] }, known({ output }))
  expect(filled).toBe(JSON.stringify(output))
  expect(lateParts(filled)).toEqual([])
})

test('every late part of a config is found, however deep', () => {
  const config = { a: [{ b: { $late: [{ ref: 'x' }, 'and', { secret: 'y' }] } }], c: 'plain', d: { $late: [{ ref: 'z' }] } }
  expect(lateParts(config)).toEqual([{ ref: 'x' }, { secret: 'y' }, { ref: 'z' }])
})

test('each secret is resolved once, and references to jobs are left alone', async () => {
  const asked: string[] = []
  const resolve = async (reference: string): Promise<string> => { asked.push(reference); return 's3cret' }
  const config = { a: { $late: [{ secret: 'env:A' }] }, b: { $late: ['x', { secret: 'env:A' }] }, c: { $late: [{ ref: 'jobs.x' }] } }
  expect(await withSecrets(config, resolve)).toEqual({ a: 's3cret', b: 'xs3cret', c: { $late: [{ ref: 'jobs.x' }] } })
  expect(asked).toEqual(['env:A'])
})

test('filling in part by part ends where filling in at once does', () => {
  const part = fc.oneof(fc.string(), fc.record({ ref: fc.constantFrom('a', 'b', 'c') }))
  fc.assert(fc.property(fc.array(part, { minLength: 1 }), (parts) => {
    const late: Json = { $late: parts }
    const all = { a: 'A', b: 'B', c: 'C' }
    expect(fillIn(fillIn(fillIn(late, known({ b: 'B' })), known({ a: 'A' })), known({ c: 'C' }))).toEqual(fillIn(late, known(all)))
    expect(isLate(fillIn(late, known(all)))).toBe(false)
  }))
})

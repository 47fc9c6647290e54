import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Type } from 'typebox'
import { expect, test } from 'vitest'
import { gatewayType } from '../../drivers/traffic/gateway-type.js'
import { MemoryTraffic } from '../../drivers/traffic/memory.js'
import type { Side } from '../../drivers/traffic/port.js'
import { readGateways } from '../../drivers/traffic/read-gateways.js'
import { placed } from '../../drivers/traffic/slots.js'

const made: unknown[] = []
const TYPES = {
  double: gatewayType(Type.Object({ url: Type.String(), token: Type.Optional(Type.String()), timeoutMs: Type.Integer({ default: 5000 }) }, { additionalProperties: false }), (settings, name) => {
    made.push({ name, ...settings })
    return new MemoryTraffic()
  }),
}

async function fileOf(text: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'releasectl-gateways-')), 'gateways.yaml')
  await writeFile(file, text)
  return file
}

test('a file of gateways gives one driver a name, with defaults and with secrets from where they lie', async () => {
  const key = await fileOf('from the file\n')
  const file = await fileOf(`front: { type: double, url: "http://one", token: { from: "env:KEY" } }\nback: { type: double, url: "http://two", token: { from: "file:${key}" } }`)
  expect(Object.keys(readGateways(file, TYPES, { KEY: 'from the environment' }))).toEqual(['front', 'back'])
  expect(made.splice(0)).toEqual([
    { name: 'front', url: 'http://one', token: 'from the environment', timeoutMs: 5000 }, { name: 'back', url: 'http://two', token: 'from the file', timeoutMs: 5000 },
  ])
  expect(readGateways(undefined, TYPES)).toEqual({})
})

test('every mistake in the file is named at once with its gateway, its path and what is allowed, and no value', async () => {
  const file = await fileOf(`
edge: { type: double, url: x }
one: { type: triple }
two: { type: double, url: x, tokn: hunter2 }
three: { type: double, token: hunter2 }
four: { type: double, url: x, token: { from: "env:GONE" } }
five: { type: double, url: x, token: { from: "file:/nothing/here" } }
six: { type: double, url: x, token: { from: "vault:x" } }
seven: 7
`)
  const message = messageOf(() => readGateways(file, TYPES, {}))
  expect(message).toContain(`RELEASECTL_GATEWAYS ${file}: gateway edge: the name is taken; not allowed are edge, replicas; `)
  expect(message).toContain('gateway one: type must be one of double, not "triple"; ')
  expect(message).toMatch(/gateway two: tokn must not have additional properties \(double takes url, token\?, timeoutMs\?\); /)
  expect(message).toMatch(/gateway three: .*url.* \(double takes /)
  expect(message).toContain('gateway four: token: environment variable GONE is not set on the worker; ')
  expect(message).toContain('gateway five: token: /nothing/here cannot be read: ENOENT; ')
  expect(message).toContain('gateway six: token: from must be env:NAME or file:/path; ')
  expect(message).toContain('gateway seven: must be a map with type: double')
  expect(message).not.toContain('hunter2')
})

test('a file of gateways that is not there or no map is named', async () => {
  expect(messageOf(() => readGateways('/nothing/here.yaml', TYPES))).toMatch(/^RELEASECTL_GATEWAYS \/nothing\/here.yaml: .*ENOENT/)
  const file = await fileOf('[one]')
  expect(messageOf(() => readGateways(file, TYPES))).toBe(`RELEASECTL_GATEWAYS ${file}: must be a map from a gateway's name to its settings`)
})

test('a side keeps its place, and a new one gets the place that nobody has', () => {
  const [one, two, three] = ['1', '2', '3'].map((id) => ({ id, version: id, url: `http://${id}` })) as [Side, Side, Side]
  const of = (stable: Side | null, candidate: Side | null) => ({ stable, candidate, percent: 0, sticky: null })
  expect(placed([one, null], of(one, two))).toEqual([one, two])
  expect(placed([one, two], of(two, null))).toEqual([null, two])
  expect(placed([one, two], of(two, three))).toEqual([three, two])
  expect(placed([one, two], of(two, one))).toEqual([one, two])
  expect(placed([null, null], of(one, two))).toEqual([one, two])
  expect(placed([null, two], of(null, three))).toEqual([three, null])
  expect(placed([one, one], of(one, two))).toEqual([one, two])
})

function messageOf(call: () => unknown): string {
  try { call() } catch (error) { return (error as Error).message }
  throw new Error('it was taken')
}

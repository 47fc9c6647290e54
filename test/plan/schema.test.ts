import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { planJsonSchema } from '../../plan/json-schema.js'
import { KINDS } from '../../plan/kinds/index.js'
import { planSchema, type PlanSchema } from '../../plan/plan-keywords.js'
import { planReference } from '../../plan/plan-reference.js'
import { PlanSpec } from '../../plan/plan-schema.js'
import { nearest } from '../../plan/suggest.js'
import { HEADER } from './compiling.js'

const validate = new Ajv2020({ strict: false, formats: { uri: true, 'date-time': true } }).compile(planJsonSchema())
const accepts = (text: string): boolean => validate(parse(text))

test.each(['canary.yaml', 'scripts.yaml', 'containers.yaml', 'fleet.yaml'])('the published schema accepts the example plan %s', (name) => {
  expect(accepts(readFileSync(new URL(`../../examples/plans/${name}`, import.meta.url), 'utf8')), JSON.stringify(validate.errors)).toBe(true)
})

test.each([
  ['an unknown key', 'stages: []\nstage: []'], ['a job without a type', 'stages: [{ name: a, jobs: [{ name: b }] }]'], ['another version', 'apiVersion: v2\nstages: []'], ['an unknown kind', 'stages: [{ name: a, jobs: [{ name: b, type: nothing }] }]'],
  ['a config of another kind', 'stages: [{ name: a, jobs: [{ name: b, type: wait, config: { script: x } }] }]'], ['a percent over 100', 'stages: [{ name: a, jobs: [{ name: b, type: rollout, config: { service: s, deploy: { type: process, command: c }, route: { name: r }, strategy: { type: canary, phases: [{ percentage: 101 }] } } }] }]'],
])('the published schema refuses %s', (_, text) => {
  expect(accepts(text.startsWith('apiVersion') ? text : HEADER + text)).toBe(false)
})

test('a reference may stand where a number is wanted', () => {
  expect(accepts(`${HEADER}variables: { p: 5 }\nstages: [{ name: a, jobs: [{ name: b, type: rollout, config: { service: s, deploy: { type: process, command: c }, route: { name: r }, strategy: { type: canary, phases: [{ percentage: "\${variables.p}", duration: 30 }] } } }] }]`), JSON.stringify(validate.errors)).toBe(true)
})

test('docs/plan.md is what the schemas say (npx tsx plan/docs.ts > docs/plan.md)', () => {
  expect(readFileSync(new URL('../../docs/plan.md', import.meta.url), 'utf8')).toBe(planReference())
})

test('every schema uses only what the compiler can walk', () => {
  const known = ['object', 'array', 'string', 'number', 'integer', 'boolean', undefined]
  const walk = (schema: PlanSchema, path: string): void => {
    expect(known, path).toContain(schema.type)
    expect(Object.keys(schema).filter((key) => ['allOf', 'oneOf', 'not', '$ref', 'prefixItems', 'if'].includes(key)), path).toEqual([])
    const children = [...Object.entries({ ...schema.properties, ...schema.patternProperties, ...schema.items && { items: schema.items } }), ...Object.entries(schema.anyOf ?? [])]
    for (const [key, child] of children) walk(child, `${path}.${key}`)
  }
  walk(planSchema(PlanSpec), 'plan')
  for (const { name, schema } of Object.values(KINDS)) walk(planSchema(schema), name)
})

test.each([['erorRate', 'errorRate'], ['reulst', 'result'], ['TOKN', 'TOKEN']])('%s is near to %s', (written, right) => {
  expect(nearest(written, ['other', right])).toBe(`did you mean "${right}"?`)
})
test('nothing is near to something else', () => { expect(nearest('zebra', ['errorRate', 'name'])).toBeUndefined() })

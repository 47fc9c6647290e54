import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { Value } from 'typebox/value'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { lateParts } from '../../domain/late-value.js'
import { compilePlan, type CompileResult } from '../../plan/compile.js'
import { placeholderContext } from '../../plan/context.js'
import { explainPlan } from '../../plan/explain.js'
import { formatIssues } from '../../plan/format-issues.js'
import { KINDS, type KindName } from '../../plan/kinds/index.js'
import { filesOf } from './bundle.js'

const EXAMPLES = filesOf(new URL('../../examples/plans/', import.meta.url))
const SPEC = readFileSync(new URL('spec-7-1.yaml', import.meta.url), 'utf8')
const TEXTS = [...['canary.yaml', 'scripts.yaml', 'pipeline.yaml'].map((name) => EXAMPLES[name] ?? ''), SPEC]
const ODD = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '$late', '${', '${variables.a}', '${jobs.a.outputs.b}', '${constructor.name}', '<<', '\u0000', '- ', '? ', '&a *a', '{', '[', '"', '|', '1e999', '.nan', 'null', '~']

/** Valid: JSON for a workflow, each config as its kind's schema says. Invalid: at least one issue, each inside its file. Twice the same. */
function holds(files: Record<string, string>): void {
  const compile = (): CompileResult => compilePlan({ entry: 'plan.yaml', files }, placeholderContext())
  const result = compile()
  expect(compile()).toEqual(result)
  if (!result.valid) {
    expect(result.issues.some(({ severity }) => severity === 'error')).toBe(true)
    for (const { file, line, column, length } of result.issues) {
      expect(line).toBeLessThanOrEqual((files[file] ?? '').split('\n').length)
      expect(Math.min(line, column, length)).toBeGreaterThanOrEqual(1)
    }
    expect(formatIssues(result.issues, files)).toContain(result.issues[0]?.code)
    return
  }
  expect(JSON.parse(JSON.stringify(result.plan))).toEqual(result.plan)
  for (const { kind, config } of [...result.plan.stages, ...result.plan.rollback].flatMap(({ jobs }) => jobs)) {
    if (lateParts(config).length === 0) expect(Value.Errors(KINDS[kind as KindName].schema, config)).toEqual([])
  }
  expect(explainPlan(result.plan).text).not.toBe('')
}

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.array(fc.constantFrom(...ODD, ' ', '\n', ': ', 'stages', 'a'), { maxLength: 40 }).map((parts) => parts.join('')))

test('no text makes the compiler throw', () => {
  fc.assert(fc.property(text, (plan) => holds({ 'plan.yaml': plan })), { numRuns: 150 })
})

test('no change to a good plan makes the compiler throw', () => {
  const change = fc.record({ plan: fc.constantFrom(...TEXTS), at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.nat(30), insert: fc.oneof(fc.constantFrom(...ODD), text) })
  fc.assert(fc.property(change, ({ plan, at, cut, insert }) => {
    const from = Math.floor(at * plan.length)
    holds({ ...EXAMPLES, 'plan.yaml': plan.slice(0, from) + insert + plan.slice(from + cut) })
  }), { numRuns: 120 })
})

test('no value anywhere in a plan makes the compiler throw', () => {
  const key = fc.oneof(fc.constantFrom(...ODD.slice(0, 6), 'type', 'config', 'jobs', 'name', 'dependsOn', 'condition', 'value', 'path', 'phases', 'stages', 'approval', 'channels'), fc.string({ maxLength: 5 }))
  const leaf = fc.oneof(fc.constantFrom(...ODD.slice(4, 9), ...Object.keys(KINDS), 'canary', '15m', true, null, 5, -1), fc.string({ maxLength: 8 }))
  const { value } = fc.letrec((tie) => ({ value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value'), { maxLength: 4 }), fc.dictionary(key, tie('value'), { maxKeys: 5 })) }))
  const job = fc.record({ name: leaf, type: fc.constantFrom(...Object.keys(KINDS)), config: value, dependsOn: value, retry: value, condition: value }, { requiredKeys: ['type'] })
  const plan = fc.record({ metadata: value, variables: value, includes: value, options: value, window: value, notifications: value, stages: fc.array(fc.record({ name: leaf, jobs: fc.array(job, { maxLength: 3 }), approval: value, condition: value }, { requiredKeys: ['jobs'] }), { maxLength: 3 }), rollback: value, pipeline: value }, { requiredKeys: ['stages'] })
  fc.assert(fc.property(plan, (written) => holds({ 'plan.yaml': stringify({ apiVersion: 'devops.release/v1', kind: 'ReleasePlan', ...written }) })), { numRuns: 150 })
})

test.each([
  ['aliases within aliases', `a: &a [x,x,x,x,x,x,x,x,x,x]\n${'bcdefghi'.split('').map((name, n) => `${name}: &${name} [${Array.from({ length: 10 }, () => `*${'abcdefghi'[n] ?? ''}`).join(',')}]`).join('\n')}`],
  ['an alias to itself', 'a: &a { b: *a }'], ['brackets', '['.repeat(100_000)], ['dashes', '- &x '.repeat(50_000)], ['keys', 'a: '.repeat(50_000)],
  ['a chain of references', `variables:\n${Array.from({ length: 3000 }, (_, n) => `  v${n}: "\${v${n + 1}}"`).join('\n')}\n`],
  ['a chain of dependencies', `stages: [{ name: s, jobs: [${Array.from({ length: 1500 }, (_, n) => `{name: j${n}, type: wait, dependsOn: [j${n + 1}], config: {duration: 1s}}`).join(',')}] }]`],
])('%s end in issues, not in a hang', (_, plan) => {
  holds({ 'plan.yaml': plan })
})

import { expect, test } from 'vitest'
import { evaluate, parseExpression } from '../../domain/expression.js'
import { joinPath, splitPath } from '../../domain/reference-path.js'

test.each([
  ['variables.n + 1 == 6', true], ['variables.n / 2', 2.5], ['variables.n % 2 == 1', true], ['variables.n * 2 > 9.5', true], ['size(variables.list) == 2', true],
  ['jobs["a-b"].outputs.rate < 0.5', true], ['has(variables.nothing)', false], ['variables.list.map(x, x * 2)', [2, 4]], ['timestamp("2026-03-01T08:00:00Z")', '2026-03-01T08:00:00.000Z'], ['result.errorRate <= 0.01', true],
])('%s comes to a value of JSON', (expression, value) => {
  const scope = { variables: { n: 5, list: [1, 2] }, jobs: { 'a-b': { outputs: { rate: 0.1 } } }, result: { errorRate: 0.01 } }
  expect(evaluate(expression, scope)).toEqual(value)
})

test('an expression that cannot be evaluated says why', () => {
  expect(() => evaluate('variables.x > 1', {})).toThrow(expect.objectContaining({ type: 'CONFIG_INVALID', message: 'cannot evaluate variables.x > 1: No such key: x' }))
})

test.each([
  ['variables.a ==', 14, 'Unexpected token: EOF'], ['true && nme', 8, 'Unknown variable: nme'], ['1 + "a"', 0, 'no such overload: int + string'], ['('.repeat(100), 50, 'Exceeded maxDepth (50)'],
])('%s is no expression', (text, start, message) => {
  expect(parseExpression(text)).toMatchObject({ ok: false, start, message })
})

test('an expression tells the names it mentions', () => {
  expect(parseExpression('has(variables.y) && variables.a["b"].c && jobs[metadata.x].ok')).toMatchObject({ ok: true, mentions: [
    { path: ['variables', 'y'], guarded: true, start: 4 }, { path: ['variables', 'a', 'b', 'c'], guarded: false, start: 20 }, { path: ['jobs'] }, { path: ['metadata', 'x'] },
  ] })
})

test.each([['jobs.a.outputs.b', ['jobs', 'a', 'outputs', 'b']], ['a[0]["b.c"]', ['a', '0', 'b.c']], [' a.健康 ', ['a', '健康']], ['a..b', null], ['a[', null], ['', null]])('the path %j splits', (text, steps) => {
  expect(splitPath(text)).toEqual(steps)
  if (steps) expect(splitPath(joinPath(steps))).toEqual(steps)
})

import { Environment, EvaluationError, ParseError, TypeError as CelTypeError, type ASTNode } from '@marcbachmann/cel-js'
import { failure } from './failures.js'
import type { Json, JsonObject } from './json.js'

/** What a condition may name. `jobs.<job>` has `status` and `outputs`; `result` is only there where metrics are judged, `target` in stages with targets. */
export const SCOPE_NAMES = ['variables', 'metadata', 'env', 'includes', 'jobs', 'release', 'target', 'result'] as const
/** Characters; a longer one is refused before it is parsed. */
export const MAX_EXPRESSION_LENGTH = 4096

const cel = new Environment({ homogeneousAggregateLiterals: false, limits: { maxAstNodes: 2000, maxDepth: 50, maxListElements: 200, maxMapEntries: 200, maxCallArguments: 16 } })
for (const name of SCOPE_NAMES) cel.registerVariable(name, name === 'result' ? 'dyn' : 'map')
registerNumbers()

/** `path`: `variables.a["b"]` is [variables, a, b], as far as it is written out. `guarded`: inside `has(…)`, so it may be missing. */
export interface Mention { path: string[]; guarded: boolean; start: number }
export type ParsedExpression =
  | { ok: true; type: string; mentions: Mention[] }
  | { ok: false; message: string; start: number; end: number }

/** Parse and type-check a CEL expression. Offsets count characters of `text`. Never throws. */
export function parseExpression(text: string): ParsedExpression {
  if (text.length > MAX_EXPRESSION_LENGTH) return { ok: false, message: `longer than ${MAX_EXPRESSION_LENGTH} characters`, start: 0, end: 1 }
  try {
    const parsed = cel.parse(text)
    const { error, type } = parsed.check()
    if (error) return refused(error, text)
    const mentions: Mention[] = []
    collectMentions(parsed.ast, false, mentions)
    return { ok: true, type: type ?? 'dyn', mentions }
  } catch (error) {
    return refused(error, text)
  }
}

/**
 * What the expression comes to; integers become numbers, moments ISO 8601.
 * @throws CONFIG_INVALID when it cannot be evaluated, such as `No such key: url`
 */
export function evaluate(expression: string, scope: JsonObject): Json {
  if (expression.length > MAX_EXPRESSION_LENGTH) throw failure('CONFIG_INVALID', `expression longer than ${MAX_EXPRESSION_LENGTH} characters`)
  try {
    return toJson(cel.evaluate(expression, { ...EMPTY_SCOPE, ...scope }))
  } catch (error) {
    throw failure('CONFIG_INVALID', `cannot evaluate ${expression.slice(0, 200)}: ${summary(error)}`)
  }
}

const EMPTY_SCOPE: JsonObject = { variables: {}, metadata: {}, env: {}, includes: {}, jobs: {}, release: {}, target: {}, result: null }

/** JSON knows one kind of number; `variables.replicas + 1` must not fail because 1 is an integer and 3 came from JSON. */
function registerNumbers(): void {
  const sums: [string, (left: number, right: number) => number][] = [
    ['+', (left, right) => left + right], ['-', (left, right) => left - right], ['*', (left, right) => left * right],
    ['/', (left, right) => left / right], ['%', (left, right) => left % right],
  ]
  for (const [sign, sum] of sums) {
    for (const [left, right] of [['double', 'int'], ['int', 'double']]) {
      cel.registerOperator(`${left} ${sign} ${right}`, (a: number | bigint, b: number | bigint) => sum(Number(a), Number(b)))
    }
  }
  cel.registerOperator('double % double', (a: number, b: number) => a % b)
}

function collectMentions(node: ASTNode, guarded: boolean, into: Mention[]): void {
  const path = pathOf(node)
  if (path) {
    into.push({ path, guarded, start: node.start })
    return
  }
  const inside = guarded || (node.op === 'call' && node.args[0] === 'has')
  for (const child of children(node.args)) collectMentions(child, inside, into)
}

function pathOf(node: ASTNode): string[] | null {
  if (node.op === 'id') return [node.args]
  if (node.op === '.') {
    const owner = pathOf(node.args[0])
    return owner && [...owner, node.args[1]]
  }
  if (node.op === '[]' && node.args[1].op === 'value' && typeof node.args[1].args === 'string') {
    const owner = pathOf(node.args[0])
    return owner && [...owner, node.args[1].args]
  }
  return null
}

function children(args: unknown): ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(children)
  return typeof args === 'object' && args !== null && 'op' in args ? [args as ASTNode] : []
}

function refused(error: unknown, text: string): ParsedExpression {
  const start = Math.min(isCelError(error) ? error.range?.start ?? 0 : 0, text.length)
  const end = isCelError(error) ? error.range?.end ?? start + 1 : start + 1
  return { ok: false, message: summary(error), start, end: Math.max(start + 1, end) }
}

const isCelError = (error: unknown): error is ParseError | EvaluationError | CelTypeError =>
  error instanceof ParseError || error instanceof EvaluationError || error instanceof CelTypeError
const summary = (error: unknown): string => isCelError(error) ? error.summary : error instanceof Error ? error.message : String(error)

function toJson(value: unknown): Json {
  switch (typeof value) {
    case 'bigint': return Number(value)
    case 'string': case 'boolean': return value
    case 'number': return Number.isFinite(value) ? value : null
    case 'object': return objectToJson(value)
    default: return String(value)
  }
}

function objectToJson(value: object | null): Json {
  if (value === null) return null
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value)) return value.map(toJson)
  const entries = value instanceof Map ? [...value as Map<unknown, unknown>] : Object.entries(value)
  return Object.fromEntries(entries.map(([key, item]) => [String(key), toJson(item)]))
}

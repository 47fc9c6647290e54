import { stringify } from 'yaml'
import { failure } from '../../../domain/failures.js'
import { isObject } from '../../../domain/json.js'

/** What `{{ }}` may name: `.Values.a.b`, `.Release.Version`. */
export interface TemplateScope { Values: Record<string, unknown>; Release: Record<string, unknown> }
type Apply = (value: unknown, args: unknown[]) => unknown

const FUNCTIONS: Record<string, { args: number; apply: Apply }> = {
  default: { args: 1, apply: (value, [fallback]) => isEmpty(value) ? fallback : value },
  required: { args: 1, apply: (value, [message]) => { if (isEmpty(value)) throw new Error(asText(message)); return value } },
  quote: { args: 0, apply: (value) => JSON.stringify(asText(value)) },
  squote: { args: 0, apply: (value) => `'${asText(value).replaceAll('\'', '\'\'')}'` },
  upper: { args: 0, apply: (value) => asText(value).toUpperCase() },
  lower: { args: 0, apply: (value) => asText(value).toLowerCase() },
  trim: { args: 0, apply: (value) => asText(value).trim() },
  b64enc: { args: 0, apply: (value) => Buffer.from(asText(value)).toString('base64') },
  toYaml: { args: 0, apply: (value) => stringify(value, { lineWidth: 0 }).trimEnd() },
  toJson: { args: 0, apply: (value) => JSON.stringify(value) },
  indent: { args: 1, apply: (value, [by]) => indented(asText(value), Number(by)) },
  nindent: { args: 1, apply: (value, [by]) => `\n${indented(asText(value), Number(by))}` },
}
const ACTION = /\{\{(-?)\s*([\s\S]*?)\s*(-?)\}\}/gu
const TERM = /"(?:[^"\\]|\\.)*"|`[^`]*`|\||[^\s|]+/gu

/**
 * Fill `{{ .Values.x | default "y" | quote }}` in: the part of Helm's templates that is values and pipes. Nothing else of theirs is understood, and what is not is an error.
 * @throws CONFIG_INVALID naming file, line and what it is about
 */
export function renderTemplate(file: string, text: string, scope: TemplateScope): string {
  let result = ''
  let from = 0
  let trimNext = false
  const add = (piece: string, trimEnd: boolean): void => { result += trimEnd ? (trimNext ? piece.trimStart() : piece).trimEnd() : trimNext ? piece.trimStart() : piece }
  for (const { index, 0: whole, 1: before, 2: action = '', 3: after } of text.matchAll(ACTION)) {
    add(text.slice(from, index), before === '-')
    trimNext = after === '-'
    from = index + whole.length
    if (action.startsWith('/*')) continue
    try { result += asText(pipeline(action, scope)) } catch (error) {
      throw failure('CONFIG_INVALID', `${file}, line ${text.slice(0, index).split('\n').length}: {{ ${action} }}: ${(error as Error).message}`)
    }
  }
  add(text.slice(from), false)
  return result
}

/** `.Values.tag | default "1" | quote`, `default "1" .Values.tag`: each step's result is the next one's last argument. */
function pipeline(action: string, scope: TemplateScope): unknown {
  const steps: string[][] = [[]]
  for (const [term] of action.matchAll(TERM)) {
    if (term === '|') steps.push([])
    else steps.at(-1)?.push(term)
  }
  return steps.reduce<unknown>((value, [name = '', ...terms], n) => {
    const known = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
    if (!known) {
      if (n === 0 && terms.length === 0) return valueOf(name, scope)
      throw new Error(name === '' ? 'nothing between the bars' : `${name} is not known here; known are values and ${Object.keys(FUNCTIONS).join(', ')}`)
    }
    const given = [...terms.map((term) => valueOf(term, scope)), ...n > 0 ? [value] : []]
    if (given.length !== known.args + 1) throw new Error(`${name} takes ${known.args + 1} arguments, the piped one included, not ${given.length}`)
    return known.apply(given.at(-1), given.slice(0, -1))
  }, undefined)
}

function valueOf(term: string, scope: TemplateScope): unknown {
  if (term.startsWith('"')) return JSON.parse(term)
  if (term.startsWith('`')) return term.slice(1, -1)
  if (/^-?\d+(?:\.\d+)?$/u.test(term)) return Number(term)
  if (term === 'true' || term === 'false') return term === 'true'
  if (!/^\.(?:Values|Release)(?:\.[\w-]+)*$/u.test(term)) throw new Error(`${term} is not known here; known are .Values.… and .Release.…`)
  return term.slice(1).split('.').reduce<unknown>((value, name) => isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined, scope)
}

/** As Helm sees it: 0, "" and false are empty too. */
const isEmpty = (value: unknown): boolean => value === undefined || value === null || value === '' || value === 0 || value === false || (Array.isArray(value) && value.length === 0)

function asText(value: unknown): string {
  if (value === undefined || value === null) throw new Error('has no value; give it one, or a default')
  if (typeof value === 'object') throw new Error('is a map or a list; pipe it through toYaml or toJson')
  return typeof value === 'string' ? value : JSON.stringify(value)
}
const indented = (text: string, by: number): string => text.split('\n').map((line) => line === '' ? line : ' '.repeat(by) + line).join('\n')

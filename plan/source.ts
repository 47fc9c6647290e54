import { isAlias, isMap, isScalar, isSeq, parseDocument, type Alias, type Document, type Pair, type YAMLMap } from 'yaml'
import type { IssueList } from './issue.js'
import { MAX_DEPTH, MAX_FILE_BYTES, MAX_SYNTAX_ISSUES, MAX_VALUES } from './limits.js'
import { childPath, mapNode, type Entry, type MapNode, type Node, type Place } from './node.js'

/**
 * YAML text into nodes that know their place. What is wrong goes to `issues`; null when nothing can be read.
 * Aliases and `<<` are written out. Never throws.
 */
export function readYaml(file: string, text: string, issues: IssueList): MapNode | null {
  const top: Place = { file, path: '', start: 0, end: 1 }
  const tooLarge = limitPassed(text)
  if (tooLarge) {
    issues.add('TOO_LARGE', { ...top, ...tooLarge.at }, tooLarge.message)
    return null
  }
  const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, logLevel: 'error', version: '1.2', schema: 'core' })
  const problems = [...document.errors, ...document.warnings]
  if (problems.some(({ code }) => code === 'RESOURCE_EXHAUSTION')) { // where depends on the stack: not told
    issues.add('TOO_LARGE', top, `nested too deeply: at most ${MAX_DEPTH} levels`)
    return null
  }
  for (const { message, pos, code } of problems.slice(0, MAX_SYNTAX_ISSUES)) {
    const start = Math.min(pos[0], Math.max(0, text.length - 1))
    issues.add('YAML_SYNTAX', { ...top, start, end: Math.max(pos[1], start + 1) }, code === 'MULTIPLE_DOCS' ? 'a plan is one document: nothing may follow ---' : firstLine(message))
  }
  if (problems.length > 0) return null
  return new Reader(file, document, issues).root()
}

const firstLine = (message: string): string => message.split('\n', 1)[0] ?? message
const BLOCK_RUN = /^[ \t]*(?:(?:[-?:]|[&!]\S*)[ \t]+){65,}/mu

function limitPassed(text: string): { message: string; at?: { start: number; end: number } } | null {
  const bytes = new TextEncoder().encode(text).length
  if (bytes > MAX_FILE_BYTES) return { message: `file has ${bytes} bytes: at most ${MAX_FILE_BYTES}` }
  // The YAML library compiles a pattern as long as the indent: thousands of `- - - …` on one line end the process.
  const run = BLOCK_RUN.exec(text)
  return run && { message: `nested too deeply: at most ${MAX_DEPTH} levels`, at: { start: run.index, end: run.index + 1 } }
}

class Full extends Error {}

class Reader {
  readonly #file: string
  readonly #document: Document
  readonly #issues: IssueList
  readonly #anchors = new Map<string, unknown>()
  #values = 0

  constructor(file: string, document: Document, issues: IssueList) {
    this.#file = file
    this.#document = document
    this.#issues = issues
  }

  root(): MapNode | null {
    const top: Place = { file: this.#file, path: '', start: 0, end: 1 }
    try {
      const node = this.#read(this.#document.contents, '', top, 0)
      if (node.type === 'map') return node
      this.#issues.add('NOT_A_MAP', node.place, node.type === 'list' ? 'a list: the file must be a map of keys' : 'the file must be a map of keys')
    } catch (error) {
      if (!(error instanceof Full)) throw error
    }
    return null
  }

  #read(source: unknown, path: string, around: Place, depth: number): Node {
    const place = this.#place(source, path, around)
    this.#count(place, depth)
    if ((isScalar(source) || isMap(source) || isSeq(source)) && source.anchor !== undefined) this.#anchors.set(source.anchor, source)
    if (isAlias(source)) return this.#readAlias(source, path, place, depth)
    if (isMap(source)) return this.#readMap(source, path, place, depth)
    if (isSeq(source)) return { type: 'list', place, items: source.items.map((item, n) => this.#read(item, childPath(path, n), place, depth + 1)) }
    return { type: 'scalar', place, ...this.#scalar(isScalar(source) ? source.value : null, place), ...(isScalar(source) && typeof source.value === 'number' && source.source !== undefined && { source: source.source }) }
  }

  /** Values inside an alias keep the place where the anchor's are written, the top one that of the alias. */
  #readAlias(alias: Alias, path: string, place: Place, depth: number): Node {
    const target = this.#anchors.get(alias.source)
    if (target !== undefined) return { ...this.#read(target, path, place, depth + 1), place }
    this.#issues.add('YAML_SYNTAX', place, `no anchor &${alias.source} before this alias`)
    return { type: 'scalar', place, value: null }
  }

  #readMap(map: YAMLMap, path: string, place: Place, depth: number): MapNode {
    const entries = new Map<string, Entry>()
    const merged: Node[] = []
    for (const pair of map.items) {
      const key = this.#key(pair, path, place)
      if (!key) continue
      const value = this.#read(pair.value, childPath(path, key.text), key.place, depth + 1)
      if (key.text === '<<') merged.push(...value.type === 'list' ? value.items : [value])
      else if (entries.has(key.text)) this.#issues.add('DUPLICATE_KEY', key.place, `${key.text} is given twice`)
      else entries.set(key.text, { key: key.place, value })
    }
    for (const other of merged) {
      if (other.type !== 'map') this.#issues.add('WRONG_TYPE', other.place, '<< takes a map or a list of maps')
      else for (const [key, entry] of other.entries) if (!entries.has(key)) entries.set(key, entry)
    }
    return mapNode(place, entries)
  }

  #key(pair: Pair, path: string, around: Place): { text: string; place: Place } | null {
    const place = this.#place(pair.key, path, around)
    const text = isScalar(pair.key) ? typeof pair.key.value === 'string' ? pair.key.value : pair.key.source ?? 'null' : null
    if (text !== null && text !== '__proto__') return { text, place: { ...place, path: childPath(path, text) } }
    this.#issues.add('BAD_KEY', place, text === null ? 'a key must be plain text' : `${text} cannot be a key`)
    return null
  }

  #scalar(value: unknown, place: Place): { value: string | number | boolean | null } {
    if (typeof value === 'string' || typeof value === 'boolean' || value === null || value === undefined) return { value: value ?? null }
    if (typeof value === 'number' && Number.isFinite(value)) return { value }
    this.#issues.add('WRONG_TYPE', place, 'no number a plan can hold')
    return { value: 0 }
  }

  #place(source: unknown, path: string, around: Place): Place {
    const range = isScalar(source) || isMap(source) || isSeq(source) || isAlias(source) ? source.range : null
    return range ? { file: this.#file, path, start: range[0], end: Math.max(range[1], range[0] + 1) } : { ...around, path }
  }

  #count(place: Place, depth: number): void {
    this.#values += 1
    if (depth <= MAX_DEPTH && this.#values <= MAX_VALUES) return
    this.#issues.add('TOO_LARGE', place, depth > MAX_DEPTH ? `nested too deeply: at most ${MAX_DEPTH} levels` : `more than ${MAX_VALUES} values once aliases are written out`)
    throw new Full()
  }
}

import { joinPath, splitPath } from '../domain/reference-path.js'
import type { LatePart } from '../domain/late-value.js'
import { UNKNOWN_BUILT_IN, type CompileContext } from './context.js'
import type { IssueList } from './issue.js'
import { MAX_EXPANSION, MAX_REFERENCE_DEPTH } from './limits.js'
import { locate } from './locate.js'
import { describe, mapNode, type Node, type Place, type ScalarNode } from './node.js'
import { nearest } from './suggest.js'
import { hasReference, parseTemplate } from './template.js'
import type { Variables } from './variables.js'

/** A value and the references that led to it: one that leads back to itself is a cycle. */
export interface Resolved { node: Node; trail: readonly string[] }
export interface ResolverParts {
  metadata: Node
  includes: Node
  /** Names that more than one include has. */
  ambiguous: Map<string, string[]>
  variables: Variables
  context: CompileContext
  files: Map<string, string>
  issues: IssueList
}

const ROOTS = ['variables', 'includes', 'metadata', 'env', 'jobs', 'target']
/** Built-in variables that each target fills in, and what they are of it. */
export const OF_TARGET: Record<string, string> = { TARGET_ID: 'id', TARGET_NAME: 'name', TARGET_HOST: 'host', TARGET_IP: 'host', TARGET_CLIENT_ID: 'id' }

const TARGET_KEYS = ['id', 'name', 'type', 'host', 'via', 'priority']

/** Fills in `${…}`. What cannot be resolved is null, and an issue tells why. */
export class Resolver {
  readonly #parts: ResolverParts
  #expansion = 0

  constructor(parts: ResolverParts) {
    this.#parts = parts
  }

  /** What a text with references stands for; any other value is itself. Values inside a map or list it leads to are not yet filled in. */
  follow(node: Node, trail: readonly string[]): Resolved | null {
    if (!this.#spend(node)) return null
    if (node.type !== 'scalar' || node.fixed === true || typeof node.value !== 'string' || !hasReference(node.value)) return { node, trail }
    const template = parseTemplate(node.value)
    if (!template.ok) {
      this.#parts.issues.add('REFERENCE_SYNTAX', this.#spot(node, template.at, template.at + 2), '${ without its }', 'write $${ for a plain ${')
      return null
    }
    const [only, ...more] = template.pieces
    if (only?.reference !== true || more.length > 0) return this.#join(node, template.pieces, trail)
    const found = this.#lookUp(only.text, this.#spot(node, only.start, only.end), trail)
    return found && (found.node.type === 'scalar' || found.node.type === 'late' ? { ...found, node: { ...found.node, place: node.place } } : found)
  }

  /** The value with every reference in it filled in. */
  deep(node: Node, trail: readonly string[]): Node | null {
    const found = this.follow(node, trail)
    if (!found) return null
    const { node: value, trail: path } = found
    switch (value.type) {
      case 'scalar': return { ...value, fixed: true }
      case 'late': return value
      case 'list': {
        const items = value.items.map((item) => this.deep(item, path))
        return items.some((item) => item === null) ? null : { ...value, items: items.filter((item) => item !== null) }
      }
      case 'map': {
        const entries = [...value.entries].map(([name, { key, value: item }]) => ({ name, key, value: this.deep(item, path) }))
        return entries.some((entry) => entry.value === null) ? null
          : mapNode(value.place, entries.flatMap(({ name, key, value: item }) => item ? [[name, { key, value: item }]] : []))
      }
    }
  }

  /** Text and values in turn. */
  #join(node: ScalarNode, pieces: readonly { text: string; reference: boolean; start: number; end: number }[], trail: readonly string[]): Resolved | null {
    const parts: LatePart[] = []
    let complete = true
    for (const { text, reference, start, end } of pieces) {
      const spot = reference ? this.#spot(node, start, end) : node.place
      const value = reference ? this.#lookUp(text, spot, trail)?.node : { type: 'scalar' as const, place: spot, value: text }
      if (value === undefined) complete = false
      else if (value.type === 'late') parts.push(...value.parts)
      else if (value.type === 'scalar' && value.value !== null) parts.push(String(value.value))
      else {
        complete = false
        this.#parts.issues.add('REFERENCE_NOT_TEXT', spot, `\${${text}} is ${describe(value)}: it cannot stand in the middle of a text`)
      }
    }
    if (!complete) return null
    const merged = mergeTexts(parts)
    const [first = ''] = merged
    const joined: Node = merged.length <= 1 && typeof first === 'string'
      ? { type: 'scalar', place: node.place, value: first, fixed: true } : { type: 'late', place: node.place, parts: merged }
    return this.#spend(joined) ? { node: joined, trail } : null
  }

  #lookUp(path: string, spot: Place, trail: readonly string[]): Resolved | null {
    const steps = splitPath(path)
    if (!steps) {
      this.#parts.issues.add('REFERENCE_SYNTAX', spot, `\${${path}} is no reference`, 'write $${ for a plain ${')
      return null
    }
    const label = joinPath(steps)
    if (trail.includes(label)) {
      this.#parts.issues.add('REFERENCE_CYCLE', spot, `values refer to each other: ${[...trail.slice(trail.indexOf(label)), label].join(' → ')}`)
      return null
    }
    if (trail.length >= MAX_REFERENCE_DEPTH) {
      this.#parts.issues.add('TOO_LARGE', spot, `references nested too deeply: at most ${MAX_REFERENCE_DEPTH}`)
      return null
    }
    return this.#root(steps, spot, [...trail, label])
  }

  #root(steps: readonly string[], spot: Place, trail: readonly string[]): Resolved | null {
    const [root = '', ...rest] = steps
    const { metadata, includes } = this.#parts
    switch (root) {
      case 'variables': return this.#variable(rest, spot, trail)
      case 'metadata': return this.#descend(metadata, rest, steps, spot, trail)
      case 'includes': return this.#isAmbiguous(rest, spot) ? null : this.#descend(includes, rest, steps, spot, trail)
      case 'env': return this.#env(rest, spot, trail)
      case 'jobs': return this.#output(steps, spot, trail)
      case 'target': return this.#parts.variables.has(root) ? this.#variable(steps, spot, trail) : this.#ofTarget(rest, spot, trail)
      default: return this.#variable(steps, spot, trail)
    }
  }

  #variable([name, ...rest]: readonly string[], spot: Place, trail: readonly string[]): Resolved | null {
    const { variables, issues } = this.#parts
    const label = trail.at(-1) ?? ''
    const key = OF_TARGET[name ?? '']
    if (key !== undefined && !variables.has(name ?? '') && rest.length === 0) return this.#ofTarget([key], spot, trail)
    if (name === undefined || !variables.has(name)) {
      const builtIn = name !== undefined && UNKNOWN_BUILT_IN.test(name)
      issues.add('REFERENCE_NOT_FOUND', spot, name === undefined ? '${variables} names no variable'
        : builtIn ? `${name} is a built-in variable this build does not know by itself: a layer may give it` : `${label} is not there: no variable ${name}`,
      builtIn || name === undefined ? undefined : nearest(name, label.startsWith('variables') ? variables.names() : [...variables.names(), ...ROOTS]))
      return null
    }
    // One variable is one step of the trail, however it is spelt.
    const own = [...trail.slice(0, -1), `variables.${name}`]
    if (trail.slice(0, -1).includes(`variables.${name}`)) {
      issues.add('REFERENCE_CYCLE', spot, `variables refer to each other: ${own.slice(own.indexOf(`variables.${name}`)).join(' → ')}`)
      return null
    }
    const value = variables.value(name, this, own)
    return value && this.#descend(value, rest, ['variables', name, ...rest], spot, own)
  }

  #env([name, ...rest]: readonly string[], spot: Place, trail: readonly string[]): Resolved | null {
    const { context, issues } = this.#parts
    if (name === undefined || rest.length > 0) {
      issues.add('REFERENCE_SYNTAX', spot, 'write env.NAME')
      return null
    }
    if (context.envComplete && !Object.hasOwn(context.env, name)) {
      issues.add('ENV_MISSING', spot, `environment variable ${name} is not given`, nearest(name, Object.keys(context.env)))
      return null
    }
    return { node: { type: 'late', place: spot, parts: [{ secret: `env:${name}` }] }, trail }
  }

  #output(steps: readonly string[], spot: Place, trail: readonly string[]): Resolved | null {
    if (steps.length < 4 || steps[2] !== 'outputs') {
      this.#parts.issues.add('REFERENCE_SYNTAX', spot, 'write jobs.<job>.outputs.<key>')
      return null
    }
    if (trail.some((label) => label.startsWith('variables.'))) {
      this.#parts.issues.add('REFERENCE_TOO_EARLY', spot, `a variable is known before the first job: write \${${joinPath(steps)}} in the job's config`)
      return null
    }
    return { node: { type: 'late', place: spot, parts: [{ ref: joinPath(steps) }] }, trail }
  }

  /** Each target of the stage fills it in. */
  #ofTarget(steps: readonly string[], spot: Place, trail: readonly string[]): Resolved | null {
    const [key = '', ...rest] = steps
    const isThere = key === 'labels' ? rest.length === 1 : TARGET_KEYS.includes(key) && rest.length === 0
    if (!isThere) {
      this.#parts.issues.add('REFERENCE_NOT_FOUND', spot, `a target has ${TARGET_KEYS.join(', ')} and labels.<name>`, nearest(key, [...TARGET_KEYS, 'labels']))
      return null
    }
    if (trail.some((label) => label.startsWith('variables.'))) {
      this.#parts.issues.add('REFERENCE_TOO_EARLY', spot, `a variable is the same for all targets: write \${${joinPath(['target', ...steps])}} in the job's config`)
      return null
    }
    return { node: { type: 'late', place: spot, parts: [{ ref: joinPath(['target', ...steps]) }] }, trail }
  }

  #isAmbiguous([name = '', next = '']: readonly string[], spot: Place): boolean {
    const files = this.#parts.ambiguous.get(name)
    const folder = this.#parts.includes.type === 'map' ? this.#parts.includes.entries.get(name)?.value : undefined
    if (!files || (folder?.type === 'map' && folder.entries.has(next))) return false
    this.#parts.issues.add('REFERENCE_NOT_FOUND', spot, `includes.${name} may be ${files.join(' or ')}: write includes.<folder>.<file>`)
    return true
  }

  #descend(start: Node, steps: readonly string[], full: readonly string[], spot: Place, trail: readonly string[]): Resolved | null {
    let here = this.follow(start, trail)
    for (const [n, step] of steps.entries()) {
      if (!here) return null
      const { node, trail: path } = here
      const next = node.type === 'map' ? node.entries.get(step)?.value : node.type === 'list' && /^\d+$/u.test(step) ? node.items[Number(step)] : undefined
      if (next === undefined) {
        const owner = joinPath(full.slice(0, full.length - steps.length + n))
        const why = node.type === 'map' ? `${owner} has no ${step}` : node.type === 'list' ? `${owner} has ${node.items.length} values, counted from 0` : `${owner} is ${describe(node)}`
        this.#parts.issues.add('REFERENCE_NOT_FOUND', spot, `${joinPath(full)} is not there: ${why}`, node.type === 'map' ? nearest(step, node.entries.keys()) : undefined)
        return null
      }
      here = this.follow(next, path)
    }
    return here
  }

  #spot(node: ScalarNode, start: number, end: number): Place {
    return locate(node, start, end, this.#parts.files)
  }

  /** References to references can double a text at every step: all of them together have a limit. */
  #spend(node: Node): boolean {
    if (this.#expansion > MAX_EXPANSION) return false
    this.#expansion += 1 + (node.type === 'scalar' && typeof node.value === 'string' ? node.value.length : 0)
    if (this.#expansion <= MAX_EXPANSION) return true
    this.#parts.issues.add('TOO_LARGE', node.place, `references grow the plan past ${MAX_EXPANSION} values and characters`)
    return false
  }
}

function mergeTexts(parts: readonly LatePart[]): LatePart[] {
  const merged: LatePart[] = []
  for (const part of parts) {
    const last = merged.length - 1
    if (typeof part === 'string' && typeof merged[last] === 'string') merged[last] += part
    else merged.push(part)
  }
  return merged
}

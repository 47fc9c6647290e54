import type { Json, JsonObject } from '../domain/json.js'
import { parseExpression, type Mention } from '../domain/expression.js'
import { resolvePath } from './includes.js'
import type { IssueList } from './issue.js'
import { leafProblem } from './leaf-check.js'
import { locate } from './locate.js'
import { describe, fromJson, isNull, lastStep, textOf, toJson, type LateNode, type ListNode, type MapNode, type Node, type Place, type ScalarNode } from './node.js'
import { canonicalKey, type Given } from './normalise.js'
import type { PlanSchema } from './plan-keywords.js'
import type { Resolver } from './resolver.js'
import { nearest } from './suggest.js'
import { chooseBranch, sameWord } from './union.js'

/** A condition and where its text stands. */
export interface Condition { text: string; node: ScalarNode; mentions: Mention[] }
/** How a value is used: what is allowed in it, and who wants to know what was found. */
export interface Use {
  /** May it hold values that are known only once the release runs? */
  late: 'keep' | 'refuse'
  trail: readonly string[]
  /** Dotted path within the whole, `strategy.phases.1`. */
  path: string
  /** Where each path is written. */
  places?: Map<string, Place>
  lateNodes?: LateNode[]
  conditions?: Condition[]
}

/** Turns nodes into what their schema says: keys in camelCase, references filled in, defaults added, each deviation an issue. */
export class ConfigCheck {
  readonly resolver: Resolver
  readonly #files: Map<string, string>
  #issues: IssueList

  constructor({ resolver, files, issues }: { resolver: Resolver; files: Map<string, string>; issues: IssueList }) {
    this.resolver = resolver
    this.#files = files
    this.#issues = issues
  }

  /** The value; undefined when it is not as the schema says, which is reported. */
  shape(schema: PlanSchema, node: Node, use: Use): Json | undefined {
    use.places?.set(use.path, node.place)
    if (schema.literal === true) return this.#literal(schema, node)
    if (schema.format === 'cel') return this.#expression(node, use)
    const found = this.resolver.follow(node, use.trail)
    if (!found) return undefined
    const inner = { ...use, trail: found.trail }
    if (found.node.type === 'late') return this.#late(found.node, use)
    if (schema.secretOnly === true) return this.#writtenOut(node)
    if (schema.anyOf) return this.#union(schema.anyOf, found.node, inner)
    if (schema.const !== undefined) return this.#oneOf([schema.const], found.node)
    if (schema.enum) return this.#oneOf(schema.enum, found.node)
    switch (schema.type) {
      case 'object': return found.node.type === 'map' ? this.#object(schema, found.node, inner) : this.#wrongType('a map', found.node, node.place)
      case 'array': return found.node.type === 'list' ? this.#list(schema, found.node, inner) : this.#wrongType('a list', found.node, node.place)
      case 'string': case 'number': case 'integer': case 'boolean': return found.node.type === 'scalar' ? this.#leaf(schema, found.node) : this.#wrongType(TYPE_WORDS[schema.type], found.node, node.place)
      default: return this.#anything(found.node, inner)
    }
  }

  #object(schema: PlanSchema, map: MapNode, use: Use): Json | undefined {
    const properties = schema.properties ?? {}
    const given = this.#keys(schema, properties, map)
    const free = Object.values(schema.patternProperties ?? {})[0] ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {})
    const result: [string, Json | undefined][] = given.map(({ name, entry }) =>
      [name, this.shape(Object.hasOwn(properties, name) ? properties[name] ?? {} : free, entry.value, below(use, name))])
    for (const [name, property] of Object.entries(properties)) {
      if (property.elsewhere === true || given.some((one) => one.name === name)) continue
      if (property.default !== undefined) result.push([name, this.shape(property, fromJson(property.default as Json, map.place), below({ ...use, places: new Map() }, name))])
      else if (schema.required?.includes(name) === true) this.#missing(map, name, property)
    }
    const known = result.filter((pair): pair is [string, Json] => pair[1] !== undefined)
    // A part with a hole in it would surprise whoever reads it; the whole is read part by part.
    const whole = use.path === '' || schema.required?.every((name) => properties[name]?.elsewhere === true || known.some(([key]) => key === name)) !== false
    return whole ? Object.fromEntries(known) : undefined
  }

  /** Keys under their canonical names, those the schema does not know reported and left out. */
  #keys(schema: PlanSchema, properties: Record<string, PlanSchema>, map: MapNode): Given[] {
    const closed = schema.additionalProperties === false
    const given: Given[] = []
    const absent = new Set<string>()
    for (const [key, entry] of map.entries) {
      const name = canonicalKey(key, properties) ?? (closed ? null : key)
      const property = name !== null && Object.hasOwn(properties, name) ? properties[name] : undefined
      if (name === null) this.#unknownKey(key, entry.key, properties)
      else if (property?.elsewhere === true || (property && isNull(entry.value) && (property.type ?? property.anyOf) !== undefined)) continue
      else if (property?.notInThisBuild !== undefined) {
        if (!absent.has(property.notInThisBuild)) this.#issues.add('NOT_IN_THIS_BUILD', entry.key, `${name}: ${property.notInThisBuild} are not in this build`)
        absent.add(property.notInThisBuild)
      } else if (given.some((one) => one.name === name)) this.#issues.add('DUPLICATE_KEY', entry.key, `${key} and ${name} are the same key`)
      else given.push({ name, entry })
    }
    return given
  }

  #unknownKey(key: string, place: Place, properties: Record<string, PlanSchema>): void {
    const known = Object.keys(properties).filter((name) => properties[name]?.notInThisBuild === undefined)
    this.#issues.add('UNKNOWN_KEY', place, `${key} is not known here; allowed: ${known.join(', ') || 'nothing'}`, nearest(key, known))
  }

  #missing(map: MapNode, name: string, property: PlanSchema): void {
    const choices = property.anyOf?.every((branch) => branch.const !== undefined) === true ? `: ${property.anyOf.map((branch) => String(branch.const)).join(', ')}` : ''
    this.#issues.add('MISSING_KEY', map.place, `${lastStep(map.place)} needs ${name}${choices}`, property.description)
  }

  #list(schema: PlanSchema, list: ListNode, use: Use): Json | undefined {
    const { minItems = 0, maxItems = Infinity } = schema
    if (list.items.length < minItems) this.#issues.add('OUT_OF_RANGE', list.place, `${lastStep(list.place)} has ${list.items.length} values; at least ${minItems} is needed`)
    if (list.items.length > maxItems) this.#issues.add('OUT_OF_RANGE', list.place, `${lastStep(list.place)} has ${list.items.length} values; at most ${maxItems} are allowed`)
    return list.items.map((item, n) => this.shape(schema.items ?? {}, item, below(use, n))).filter((item) => item !== undefined)
  }

  #union(branches: readonly PlanSchema[], node: Exclude<Node, LateNode>, use: Use): Json | undefined {
    const choice = chooseBranch(branches, node, (value) => this.resolver.follow(value, use.trail)?.node ?? null)
    switch (choice.found) {
      case 'constants': return this.#oneOf(choice.values, node)
      case 'branch': return this.shape(choice.schema, node, use)
      case 'several': return this.#firstThatFits(choice.schemas, node, use)
      case 'unresolved': return undefined
      case 'problem':
        this.#issues.add(choice.code, choice.place, choice.message, choice.suggestion)
        return undefined
    }
  }

  /** For branches nothing tells apart: the first without issues, else the issues of the one with fewest. */
  #firstThatFits(branches: readonly PlanSchema[], node: Node, use: Use): Json | undefined {
    const own = this.#issues
    let best: { value: Json | undefined; issues: IssueList } | undefined
    for (const branch of branches) {
      this.#issues = own.fresh()
      const value = this.shape(branch, node, use)
      if (!best || this.#issues.errors < best.issues.errors) best = { value, issues: this.#issues }
    }
    this.#issues = own
    if (best) own.addAll(best.issues)
    return best?.value
  }

  #oneOf(allowed: readonly (string | number | boolean)[], node: Node): Json | undefined {
    const value = node.type === 'scalar' ? node.value : null
    const same = allowed.find((one) => one === value || (typeof one === 'string' && typeof value === 'string' && sameWord(one, value)))
    if (same !== undefined) return same
    const text = textOf(node)
    this.#issues.add('WRONG_VALUE', node.place, `${lastStep(node.place)} is ${describe(node)}; allowed: ${allowed.join(', ')}`, text === null ? undefined : nearest(text, allowed.map(String)))
    return undefined
  }

  /** A number or true/false where text is wanted becomes text, as it was written; numeric text becomes a number; bare seconds a duration. */
  #leaf(schema: PlanSchema, node: ScalarNode): Json | undefined {
    const value = node.value === null ? null : converted(schema, node.value, node.source)
    if (value === null) return this.#wrongType(TYPE_WORDS[schema.type ?? ''] ?? 'a value', node)
    const problem = leafProblem(schema, value, lastStep(node.place))
    if (!problem) return value
    this.#issues.add(problem.code, node.place, problem.message, problem.suggestion)
    return undefined
  }

  #literal(schema: PlanSchema, node: Node): Json | undefined {
    if (node.type !== 'scalar') return this.#wrongType('text', node)
    const text = textOf(node)
    if (text === null) return this.#leaf(schema, node)
    const file = text.startsWith('./') && !text.trim().includes('\n') ? resolvePath(node.place.file, text.trim()) : null
    const body = file === null ? undefined : this.#files.get(file)
    if (body !== undefined) return this.#leaf(schema, { ...node, value: body })
    const reference = /\$\{(?:variables|includes|metadata|env|jobs)[.[][^}]*\}/u.exec(text)
    if (reference) this.#issues.warn('LITERAL_NOT_INTERPOLATED', locate(node, reference.index, reference.index + reference[0].length, this.#files), `${reference[0]} is not filled in: nothing is in a script`, 'hand the value in by environment')
    return this.#leaf(schema, node)
  }

  #expression(node: Node, use: Use): Json | undefined {
    const text = node.type === 'scalar' && typeof node.value === 'boolean' ? String(node.value) : textOf(node)
    if (text === null || node.type !== 'scalar') return this.#wrongType('a CEL expression', node)
    const parsed = parseExpression(text)
    if (parsed.ok && ['bool', 'dyn'].includes(parsed.type)) {
      use.conditions?.push({ text, node, mentions: parsed.mentions })
      return text
    }
    const place = parsed.ok ? node.place : locate(node, parsed.start, parsed.end, this.#files)
    const message = parsed.ok ? `${lastStep(node.place)} comes to ${parsed.type}, not to true or false` : `${lastStep(node.place)}: ${parsed.message}`
    this.#issues.add('BAD_EXPRESSION', place, message, text.includes('${') ? 'in a condition write variables.x, without ${ }' : undefined)
    return undefined
  }

  #anything(node: Node, use: Use): Json | undefined {
    const value = this.resolver.deep(node, use.trail)
    if (!value) return undefined
    for (const late of lateNodes(value)) if (this.#late(late, use) === undefined) return undefined
    return toJson(value)
  }

  #late(node: LateNode, use: Use): JsonObject | undefined {
    if (use.late === 'keep') {
      use.lateNodes?.push(node)
      return toJson(node) as JsonObject
    }
    this.#issues.add('LATE_VALUE', node.place, `${lastStep(node.place)} must be known before the release starts: it can hold no secret and no output of a job`)
    return undefined
  }

  #writtenOut(node: Node): undefined {
    this.#issues.add('LITERAL_SECRET', node.place, `${lastStep(node.place)} is written out in the plan`, 'make it a variable: { type: secret, from: "env:NAME" }')
  }

  #wrongType(wanted: string | undefined, node: Node, place = node.place): undefined {
    this.#issues.add('WRONG_TYPE', place, `${lastStep(place)} is ${describe(node)}; it must be ${wanted ?? 'another value'}`)
  }
}

const TYPE_WORDS: Record<string, string> = { string: 'text', number: 'a number', integer: 'a whole number', boolean: 'true or false' }
const below = (use: Use, key: string | number): Use => ({ ...use, path: use.path === '' ? String(key) : `${use.path}.${key}` })

function converted(schema: PlanSchema, value: string | number | boolean, source: string | undefined): string | number | boolean {
  if (schema.type === 'string') return schema.format === 'duration' && typeof value === 'number' ? `${value}s` : typeof value === 'string' ? value : source ?? String(value)
  if (typeof value !== 'string') return value
  if (schema.type === 'boolean') return value === 'true' ? true : value === 'false' ? false : value
  return /^-?\d+(?:\.\d+)?$/u.test(value) ? Number(value) : value
}

function lateNodes(node: Node): LateNode[] {
  switch (node.type) {
    case 'late': return [node]
    case 'list': return node.items.flatMap(lateNodes)
    case 'map': return [...node.entries.values()].flatMap(({ value }) => lateNodes(value))
    case 'scalar': return []
  }
}

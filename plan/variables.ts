import type { JsonObject } from '../domain/json.js'
import { builtIns, type CompileContext } from './context.js'
import type { Includes } from './includes.js'
import type { IssueList } from './issue.js'
import { describe, entryOf, fromJson, isNull, textOf, type Entry, type MapNode, type Node, type Place } from './node.js'
import type { Resolver } from './resolver.js'
import { nearest } from './suggest.js'

/** What each form of a variable may hold besides `type` and `description`. */
export const VARIABLE_FORMS = {
  plain: ['value', 'default'], string: ['value', 'default'], number: ['value', 'default'], boolean: ['value', 'default'], list: ['value', 'default'],
  secret: ['from', 'value'], env_specific: ['values', 'default'], template: ['value'], external: ['source', 'key'],
} as const
type Form = keyof typeof VARIABLE_FORMS
type Layer = 'built-in' | 'system' | 'project' | 'environment' | 'plan' | 'release' | 'runTime'
/** One layer's word on a variable. `form` null: just a value. */
interface Given { layer: Layer; form: Form | null; node: Node; place: Place }

/** A secret whose value came with the release: the caller stores it sealed under the reference. */
export interface ReleaseSecret { name: string; reference: string }

/** The variables of all layers. Values are found when first asked for, each once. */
export class Variables {
  /** By name, lowest layer first. */
  readonly #given = new Map<string, Given[]>()
  readonly #values = new Map<string, Node | null>()
  readonly #planNames: string[] = []
  readonly #context: CompileContext
  readonly #issues: IssueList
  readonly secrets: ReleaseSecret[] = []

  constructor({ context, includes, own, top, issues }: { context: CompileContext; includes: Includes; own: MapNode | null; top: Place; issues: IssueList }) {
    this.#context = context
    this.#issues = issues
    const layer = (name: Layer, values: JsonObject): void => {
      for (const [key, value] of Object.entries(values)) if (key !== '__proto__') this.#give(name, key, fromJson(value, { ...top, path: `variables.${key}` }))
    }
    layer('built-in', builtIns(context))
    layer('system', context.layers.system)
    layer('project', context.layers.project)
    layer('environment', context.layers.environment)
    for (const { node } of includes.variables) this.#declare(node)
    if (own) this.#declare(own)
    layer('release', context.layers.release)
    layer('runTime', context.layers.runTime)
  }

  has(name: string): boolean { return this.#given.has(name) }
  /** Where the plan, else another layer, gives it; undefined: nobody does. */
  placeOf(name: string): Place | undefined {
    const given = this.#given.get(name)
    return (given?.findLast(({ layer }) => layer === 'plan') ?? given?.at(-1))?.place
  }
  names(): string[] { return [...this.#given.keys()] }

  builtInNames(): string[] { return this.names().filter((name) => this.#given.get(name)?.[0]?.layer === 'built-in') }

  /** Every variable but the built-ins, as far as they have values. Resolves, and reports, all that the plan declares. */
  all(resolver: Resolver): [string, Node][] {
    for (const name of this.#planNames) this.value(name, resolver, [`variables.${name}`])
    return this.names().filter((name) => this.#given.get(name)?.some(({ layer }) => layer !== 'built-in')).flatMap((name): [string, Node][] => {
      const value = this.#planNames.includes(name) || this.#hasValue(name) ? this.value(name, resolver, [`variables.${name}`]) : null
      return value ? [[name, value]] : []
    })
  }

  /** Filled in and converted; null when that fails, which is reported once. */
  value(name: string, resolver: Resolver, trail: readonly string[]): Node | null {
    const known = this.#values.get(name)
    if (known !== undefined) return known
    const value = this.#find(name, resolver, trail)
    this.#values.set(name, value)
    return value
  }

  #declare(variables: MapNode): void {
    for (const [name, { key, value }] of variables.entries) {
      this.#give('plan', name, value, key)
      if (!this.#planNames.includes(name)) this.#planNames.push(name)
    }
  }

  #give(layer: Layer, name: string, node: Node, key?: Entry['key']): void {
    const form = formOf(node)
    const given: Given = { layer, form: form === 'unknown' ? null : form, node, place: key ?? node.place }
    if (form === 'unknown') {
      const type = entryOf(node, 'type')
      this.#issues.add('WRONG_VALUE', type?.place ?? node.place, `variable ${name} is of type ${type ? describe(type) : ''}; there are ${Object.keys(VARIABLE_FORMS).join(', ')}`, nearest(textOf(type) ?? '', Object.keys(VARIABLE_FORMS)))
    } else if (form !== null && node.type === 'map') {
      const allowed = ['type', 'description', ...VARIABLE_FORMS[form]]
      for (const [other, entry] of node.entries) if (!allowed.includes(other)) this.#issues.add('UNKNOWN_KEY', entry.key, `${other} is not known in a variable of type ${form}; allowed: ${allowed.join(', ')}`, nearest(other, allowed))
    }
    this.#given.set(name, [...this.#given.get(name) ?? [], given])
  }

  #hasValue(name: string): boolean { return this.#giver(name) !== undefined }

  /** The highest layer that gives a value, not only a type. */
  #giver(name: string): Given | undefined {
    return this.#given.get(name)?.findLast(({ form, node }) => form === null
      || [...VARIABLE_FORMS[form]].some((key) => !isNull(entryOf(node, key) ?? { type: 'scalar', place: node.place, value: null })))
  }

  #find(name: string, resolver: Resolver, trail: readonly string[]): Node | null {
    const all = this.#given.get(name) ?? []
    const giver = this.#giver(name)
    const place = all.findLast(({ layer }) => layer === 'plan')?.place ?? all.at(-1)?.place
    if (!giver || !place) {
      if (place) this.#issues.add('VARIABLE_REQUIRED', place, `variable ${name} has no value: give it a default, or a value with the release`)
      return null
    }
    const typed = giver.form ?? all.findLast(({ form }) => form !== null && PASSED_ON.includes(form))?.form ?? 'plain'
    const value = (key: string): Node | undefined => giver.form === null ? key === 'value' ? giver.node : undefined : notNull(entryOf(giver.node, key))
    const at = giver.layer === 'plan' ? giver.node.place : place
    switch (typed) {
      case 'secret': return this.#secret(name, giver, value, at)
      case 'external': return this.#external(name, value, at)
      case 'env_specific': return this.#environmentValue(name, value, at, resolver, trail)
      case 'template': {
        const text = value('value')
        return text ? resolver.deep(text.type === 'scalar' ? { ...text, fixed: false } : text, trail) : null
      }
      default: {
        const found = value('value') ?? value('default')
        const filled = found ? resolver.deep(found, trail) : null
        return filled && this.#convert(name, typed, filled)
      }
    }
  }

  #secret(name: string, { layer, form }: Given, value: (key: string) => Node | undefined, place: Place): Node | null {
    const from = value('from')
    const literal = value('value')
    const text = textOf(literal)
    if (from) return this.#secretFrom(name, textOf(from) ?? '', form === null ? place : from.place)
    if (text?.startsWith('encrypted:') === true) return { type: 'late', place, parts: [{ secret: `sealed:${text.slice('encrypted:'.length).replace(/^AES256:/u, '')}` }] }
    if (text?.startsWith('sealed:') === true) return { type: 'late', place, parts: [{ secret: text }] }
    if (layer === 'release' || layer === 'runTime') {
      const reference = `release:${name}`
      this.secrets.push({ name, reference })
      return { type: 'late', place, parts: [{ secret: reference }] }
    }
    this.#issues.add('LITERAL_SECRET', layer === 'plan' ? literal?.place ?? place : place, `secret ${name} is written out in the ${layer}`, 'name where it is: from: "env:NAME" or from: "file:/path"')
    return null
  }

  #secretFrom(name: string, source: string, place: Place): Node | null {
    const [, scheme = '', key = ''] = /^([a-z]+):(.+)$/su.exec(source) ?? []
    if (scheme !== 'env' && scheme !== 'file') {
      this.#issues.add('UNKNOWN_SECRET_SOURCE', place, `secret ${name} comes from ${JSON.stringify(source)}; this build reads env:NAME and file:/path`)
      return null
    }
    if (scheme === 'env' && this.#context.envComplete && !Object.hasOwn(this.#context.env, key)) {
      this.#issues.add('ENV_MISSING', place, `environment variable ${key} is not given`, nearest(key, Object.keys(this.#context.env)))
      return null
    }
    return { type: 'late', place, parts: [{ secret: `${scheme}:${key}` }] }
  }

  #external(name: string, value: (key: string) => Node | undefined, place: Place): Node | null {
    const source = textOf(value('source'))
    const key = textOf(value('key'))
    if (source !== null && key !== null) return this.#secretFrom(name, `${source}:${key}`, value('source')?.place ?? place)
    this.#issues.add('VARIABLE_INVALID', place, `external variable ${name} needs source (env or file) and key`)
    return null
  }

  #environmentValue(name: string, value: (key: string) => Node | undefined, place: Place, resolver: Resolver, trail: readonly string[]): Node | null {
    const values = value('values')
    const { environmentName } = this.#context
    const found = environmentName === null && values?.type === 'map' ? [...values.entries.values()][0]?.value : entryOf(values, environmentName ?? '')
    const chosen = found ?? value('default')
    if (chosen) return resolver.deep(chosen, trail)
    const names = values?.type === 'map' ? [...values.entries.keys()] : []
    this.#issues.add('VARIABLE_REQUIRED', values?.place ?? place, `variable ${name} has no value for environment ${environmentName ?? ''}; it has ${names.join(', ') || 'none'}`, nearest(environmentName ?? '', names))
    return null
  }

  #convert(name: string, form: Form, node: Node): Node | null {
    if (node.type === 'late') return node
    const text = textOf(node)
    if (form === 'number') {
      if (node.type === 'scalar' && typeof node.value === 'number') return node
      if (text !== null && /^-?\d+(?:\.\d+)?$/u.test(text)) return { ...node, type: 'scalar', value: Number(text) }
    } else if (form === 'boolean') {
      if (node.type === 'scalar' && typeof node.value === 'boolean') return node
      if (text === 'true' || text === 'false') return { ...node, type: 'scalar', value: text === 'true' }
    } else if (form === 'list') {
      if (node.type === 'list') return node
      if (text !== null) return { type: 'list', place: node.place, items: text.split(',').map((item) => ({ type: 'scalar', place: node.place, value: item.trim(), fixed: true })) }
    } else if (form === 'string') {
      if (node.type === 'scalar' && node.value !== null) return { ...node, value: node.source ?? String(node.value) }
    } else return node
    this.#issues.add('VARIABLE_INVALID', node.place, `variable ${name} is ${describe(node)}, not a ${form}`)
    return null
  }
}

/** Types that hold for a bare value of a higher layer too. */
const PASSED_ON: readonly Form[] = ['string', 'number', 'boolean', 'list', 'secret']
const notNull = (node: Node | undefined): Node | undefined => node && isNull(node) ? undefined : node

function formOf(node: Node): Form | 'unknown' | null {
  const type = textOf(entryOf(node, 'type'))
  if (type === null || node.type !== 'map') return null
  if (Object.hasOwn(VARIABLE_FORMS, type)) return type as Form
  return ['value', 'default', 'from', 'values'].some((key) => node.entries.has(key)) ? 'unknown' : null
}

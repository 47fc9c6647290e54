import type { CompiledPlan } from '../domain/compiled-plan.js'
import type { Mention } from '../domain/expression.js'
import type { Json, JsonObject } from '../domain/json.js'
import { isObject } from '../domain/json.js'
import { lateParts } from '../domain/late-value.js'
import type { Condition } from './config-check.js'
import type { CompileContext } from './context.js'
import { mentionLength } from './graph.js'
import type { IssueList } from './issue.js'
import { locate } from './locate.js'
import { toJson, type MapNode, type Place } from './node.js'
import type { Resolver } from './resolver.js'
import { nearest } from './suggest.js'

/** All that conditions could read, before it is cut down. */
export interface Sources { variables: JsonObject; declared: readonly string[]; metadata: JsonObject; includes: MapNode; resolver: Resolver; context: CompileContext }

/**
 * The names conditions mention, with their values: a value in here is visible in the release's history, so a secret is an issue.
 * A name that is not there is an issue too, unless `has(…)` asks for it first.
 */
export function scopeOf(conditions: readonly Condition[], sources: Sources, files: Map<string, string>, issues: IssueList): CompiledPlan['scope'] {
  const scope: CompiledPlan['scope'] = { variables: {}, metadata: {}, env: {}, includes: {} }
  for (const { node, mentions } of conditions) {
    const guarded = mentions.filter((mention) => mention.guarded).map(({ path }) => path.join('.'))
    for (const mention of mentions) {
      const place = locate(node, mention.start, mention.start + mentionLength(mention), files)
      const maybe = guarded.some((path) => `${mention.path.join('.')}.`.startsWith(`${path}.`))
      new MentionReader(scope, sources, issues, place, maybe).read(mention)
    }
  }
  return scope
}

class MentionReader {
  readonly #scope: CompiledPlan['scope']
  readonly #sources: Sources
  readonly #issues: IssueList
  readonly #place: Place
  /** It may be missing. */
  readonly #maybe: boolean

  constructor(scope: CompiledPlan['scope'], sources: Sources, issues: IssueList, place: Place, maybe: boolean) {
    this.#scope = scope
    this.#sources = sources
    this.#issues = issues
    this.#place = place
    this.#maybe = maybe
  }

  read({ path: [root, name, ...rest] }: Mention): void {
    switch (root) {
      case 'env': this.#env(name); break
      case 'variables': this.#plain('variables', this.#sources.variables, this.#sources.declared, name, rest); break
      case 'metadata': this.#plain('metadata', this.#sources.metadata, [], name, rest); break
      case 'includes': this.#include(name, rest); break
      default: // jobs and target are the graph's; release and result are known at run time
    }
  }

  #plain(root: 'variables' | 'metadata', values: JsonObject, declared: readonly string[], name: string | undefined, rest: readonly string[]): void {
    if (name === undefined) Object.assign(this.#scope[root], Object.fromEntries(Object.entries(values).filter(([, value]) => lateParts(value).length === 0)))
    else if (Object.hasOwn(values, name)) this.#add(root, name, values[name] ?? null, rest)
    else if (!declared.includes(name)) this.#notFound(`${root}.${name}`, name, Object.keys(values)) // a declared one without value has its own issue
  }

  #include(name: string | undefined, rest: readonly string[]): void {
    const { includes, resolver } = this.#sources
    const names = name === undefined ? [...includes.entries.keys()] : [name]
    for (const one of names) {
      const node = includes.entries.get(one)?.value
      const value = node && resolver.deep(node, [])
      if (value) this.#add('includes', one, toJson(value), rest)
      else if (!node) this.#notFound(`includes.${one}`, one, includes.entries.keys())
    }
  }

  #env(name: string | undefined): void {
    const { context: { env, envComplete } } = this.#sources
    const value = name !== undefined && Object.hasOwn(env, name) ? env[name] : undefined
    if (name === undefined) this.#issues.add('BAD_EXPRESSION', this.#place, 'write env.NAME: what a condition reads is visible, so it names each variable')
    else if (value !== undefined) this.#scope.env[name] = value
    else if (envComplete && !this.#maybe) this.#issues.add('ENV_MISSING', this.#place, `environment variable ${name} is not given`, nearest(name, Object.keys(env)))
  }

  #add(root: 'variables' | 'metadata' | 'includes', name: string, value: Json, rest: readonly string[]): void {
    if (lateParts(value).length > 0) {
      this.#issues.add('SECRET_IN_CONDITION', this.#place, `${root}.${name} holds a secret or an output: a condition cannot read it`)
      return
    }
    this.#scope[root][name] = value
    let here: Json | undefined = value
    for (const [n, step] of rest.entries()) {
      if (!isObject(here)) return
      const owner: JsonObject = here
      here = Object.hasOwn(owner, step) ? owner[step] : undefined
      if (here === undefined) {
        this.#notFound([root, name, ...rest.slice(0, n + 1)].join('.'), step, Object.keys(owner))
        return
      }
    }
  }

  #notFound(path: string, step: string, names: Iterable<string>): void {
    if (!this.#maybe) this.#issues.add('REFERENCE_NOT_FOUND', this.#place, `${path} is not there`, nearest(step, names))
  }
}

import type { CompiledJob, RetrySpec } from '../domain/compiled-plan.js'
import { durationMs, parseDuration } from '../domain/duration.js'
import { isObject, type Json, type JsonObject } from '../domain/json.js'
import { isLate, lateParts } from '../domain/late-value.js'
import { quorumReachable, unreachable } from './approval.js'
import type { Condition, ConfigCheck, Use } from './config-check.js'
import type { IssueList } from './issue.js'
import { DEPLOY_TYPES, deployJob, isDeployType, withDeployFolder } from './deploy.js'
import type { Kind } from './kind.js'
import { ALL_KINDS, kindNamed } from './kind-named.js'
import { describe, entryOf, isNull, mapNode, without, type LateNode, type MapNode, type Node, type Place } from './node.js'
import { withChannels, withTemplate } from './notifications.js'
import { planSchema, propertiesOf } from './plan-keywords.js'
import { JobSpec } from './plan-schema.js'
import { nearest } from './suggest.js'

/** A job as far as it stands by itself. */
export interface JobDraft {
  name: string
  place: Place
  dependsOn: { name: string; place: Place }[]
  /** null: of a kind this build lacks, or not right. */
  compiled: CompiledJob | null
  /** Values of its config that the release fills in. */
  lateNodes: LateNode[]
  conditions: Condition[]
}
/** What the rest of the plan says to jobs. */
export interface JobSettings { variables: JsonObject; channels: Node | undefined; templates: Record<string, string>; deploy: Node | undefined; /** Besides this build's own. */ kinds: readonly Kind[] }

export class JobCompiler {
  readonly #check: ConfigCheck
  readonly #issues: IssueList
  readonly #settings: JobSettings
  readonly #unknownKinds = new Map<string, Place[]>()

  constructor(check: ConfigCheck, issues: IssueList, settings: JobSettings) {
    this.#check = check
    this.#issues = issues
    this.#settings = settings
  }

  compile(node: MapNode): JobDraft {
    const use: Use & { places: Map<string, Place>; conditions: Condition[]; lateNodes: LateNode[] } =
      { late: 'refuse', trail: [], path: '', places: new Map(), conditions: [], lateNodes: [] }
    const fields = (this.#check.shape(planSchema(JobSpec), node, use) ?? {}) as Partial<JobSpec>
    const names = fields.dependsOn === undefined ? [] : typeof fields.dependsOn === 'string' ? [fields.dependsOn] : fields.dependsOn
    const draft: JobDraft = {
      name: fields.name ?? '', place: use.places.get('name') ?? node.place, compiled: null, lateNodes: use.lateNodes, conditions: use.conditions,
      dependsOn: names.map((name, n) => ({ name, place: use.places.get(`dependsOn.${n}`) ?? use.places.get('dependsOn') ?? node.place })),
    }
    if (fields.type === undefined) return draft
    const written = { node, type: fields.type, place: use.places.get('type') ?? node.place }
    const job = isDeployType(fields.type) ? deployJob(node, fields.type, this.#settings.deploy, { resolver: this.#check.resolver, issues: this.#issues }) : written
    if (!job) return draft
    const kind = kindNamed(job.type, this.#settings.kinds)
    if (kind) return { ...draft, compiled: this.#withConfig(job.node, kind, fields, draft) }
    this.#unknownKinds.set(job.type, [...this.#unknownKinds.get(job.type) ?? [], job.place])
    return draft
  }

  /** One issue a kind, at its first place. */
  reportUnknownKinds(): void {
    const names = [...[...ALL_KINDS, ...this.#settings.kinds].flatMap(({ name, aliases }) => [name, ...aliases]), ...DEPLOY_TYPES]
    for (const [type, [first, ...others]] of this.#unknownKinds) {
      const also = others.length > 0 ? ` (also at ${others.map(({ path }) => path).join(', ')})` : ''
      if (first) this.#issues.add('UNKNOWN_KIND', first, `this build has no job kind ${JSON.stringify(type)}${also}; it has ${names.join(', ')}`, nearest(type, names))
    }
  }

  #withConfig(node: MapNode, kind: Kind, fields: Partial<JobSpec>, draft: JobDraft): CompiledJob | null {
    const errors = this.#issues.errors
    const use = { late: 'keep' as const, trail: [] as readonly string[], path: '', places: new Map<string, Place>(), lateNodes: draft.lateNodes, conditions: draft.conditions }
    const written = this.#configNode(node, kind, fields, use)
    if (!written) return null
    const shaped = this.#check.shape(planSchema(kind.schema), written.config, { ...use, trail: written.trail })
    if (!isObject(shaped) || this.#issues.errors > errors) return null
    const config = kind.name === 'notification' ? withTemplate(shaped, this.#settings.templates) : { ...shaped, ...leftOut(kind.aliasDefaults?.[fields.type ?? ''], written.config) }
    this.#checkRules(kind, config, use.places, node.place)
    const timeout = fields.timeout ?? written.timeout ?? timeoutOf(kind, config)
    return {
      name: draft.name, kind: kind.name, runsIn: kind.runsIn, acts: kind.acts, hasSnapshot: kind.snapshot && kind.needsSnapshot?.(config) !== false, hasUndo: kind.undo && kind.needsUndo?.(config) !== false,
      timeoutMs: parseDuration(timeout) ?? 0, retry: retryOf(fields), condition: fields.condition ?? null, dependsOn: draft.dependsOn.map(({ name }) => name),
      config, variables: kind.variables ? this.#settings.variables : {},
      ...(kind.integrity !== undefined && { plugin: { name: kind.name.replace('plugin.', ''), version: kind.version, integrity: kind.integrity } }),
    }
  }

  /** The config as a map. Spec 2 writes a job's `timeout` there: where the kind knows no such key it is the job's. */
  #configNode(node: MapNode, kind: Kind, fields: Partial<JobSpec>, use: Use): { config: MapNode; trail: readonly string[]; timeout?: string } | null {
    const written = entryOf(node, 'config')
    const found = written && !isNull(written) ? this.#check.resolver.follow(written, []) : { node: mapNode(node.place), trail: [] }
    if (!found) return null
    if (found.node.type !== 'map') {
      this.#issues.add('WRONG_TYPE', found.node.place, `config is ${describe(found.node)}; it must be a map`)
      return null
    }
    const { resolver } = this.#check
    const config = kind.name === 'notification' ? withChannels(found.node, this.#settings.channels, resolver) : withDeployFolder(kind.name, found.node, this.#settings.deploy, resolver)
    const timeout = config.entries.get('timeout')
    if (!timeout || Object.hasOwn(propertiesOf(kind.schema), 'timeout')) return { config, trail: found.trail }
    const value = this.#check.shape(propertiesOf(JobSpec)['timeout'] ?? {}, timeout.value, { ...use, late: 'refuse', trail: found.trail })
    if (fields.timeout !== undefined) this.#issues.add('DUPLICATE_KEY', timeout.key, 'the job itself has a timeout')
    return { config: without(config, 'timeout'), trail: found.trail, ...(typeof value === 'string' && { timeout: value }) }
  }

  /** The kind's own rules. On values known only later they cannot speak: the activity asks again. */
  #checkRules(kind: Kind, config: JsonObject, places: Map<string, Place>, job: Place): void {
    const late = lateParts(config).length > 0
    try {
      for (const { path, message } of [...kind.check?.(config) ?? [], ...approvalRules(config)]) {
        if (!late || !isLate(valueAt(config, path))) this.#issues.add('CONFIG_INVALID', placeOf(path, places, job), message)
      }
    } catch (error) {
      if (!late) throw error
    }
  }
}

/** A config that is not all known yet may not be able to say. */
const timeoutOf = (kind: Kind, config: JsonObject): string => lateParts(config).length === 0 ? kind.timeoutFor?.(config) ?? kind.defaultTimeout : kind.defaultTimeout
const leftOut = (defaults: JsonObject = {}, { entries }: MapNode): JsonObject => Object.fromEntries(Object.entries(defaults).filter(([key]) => !entries.has(key)))

/** Spec 2: `retry: 3` and `retries: 3` are three more tries; `retry_delay` is the wait between. */
function retryOf({ retry, retries, retryDelay }: Partial<JobSpec>): RetrySpec {
  const full = typeof retry === 'object' ? retry : { attempts: 1 + (retry ?? retries ?? 0), interval: retryDelay ?? '10s', backoff: retryDelay === undefined ? 2 : 1, maxInterval: '5m' }
  const attempts = typeof retry === 'object' && retries !== undefined ? retries + 1 : full.attempts
  return { attempts, intervalMs: durationMs(full.interval), backoff: full.backoff, maxIntervalMs: Math.max(durationMs(full.maxInterval), durationMs(full.interval)) }
}

/** Approvals within a config: a quorum its approvers can reach. */
function approvalRules(value: Json, path: readonly string[] = []): { path: string; message: string }[] {
  if (typeof value !== 'object' || value === null || isLate(value)) return []
  const own = !Array.isArray(value) && Array.isArray(value['approvers']) && Array.isArray(value['groups']) && typeof value['quorum'] === 'number'
    ? { approvers: value['approvers'], groups: value['groups'], quorum: value['quorum'] } : null
  return [
    ...own && !quorumReachable(own) ? [{ path: [...path, 'quorum'].join('.'), message: unreachable(own) }] : [],
    ...Object.entries(value).flatMap(([key, item]) => approvalRules(item, [...path, key])),
  ]
}

const valueAt = (config: JsonObject, path: string): unknown =>
  path.split('.').reduce<unknown>((value, key) => typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined, config)

/** The nearest thing above that is written. */
function placeOf(path: string, places: Map<string, Place>, job: Place): Place {
  for (let at = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
    const place = places.get(at)
    if (place) return place
  }
  return places.get('') ?? job
}

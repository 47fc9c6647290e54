import type { CompiledPlan } from '../domain/compiled-plan.js'
import { durationMs } from '../domain/duration.js'
import type { Json, JsonObject } from '../domain/json.js'
import { ConfigCheck, type Condition } from './config-check.js'
import type { CompileContext } from './context.js'
import { handOnGitFacts } from './git-variables.js'
import { Graph } from './graph.js'
import { includesNode, readIncludes } from './includes.js'
import { IssueList, type Issue } from './issue.js'
import { MAX_JOBS, MAX_PLAN_BYTES } from './limits.js'
import { describe, entryOf, isNull, mapNode, toJson, type MapNode, type Node, type Place } from './node.js'
import { planSchema } from './plan-keywords.js'
import { PlanSpec } from './plan-schema.js'
import { OF_TARGET, Resolver } from './resolver.js'
import { scopeOf, type Sources } from './scope.js'
import { readYaml } from './source.js'
import { stageDrafts, withPipelineHeader } from './stages.js'
import { compileStages, structural, type StageResult } from './structure.js'
import { Variables, type ReleaseSecret } from './variables.js'
import { windowOf } from './window.js'

/** A plan and the files it names. Paths use `/`, relative to the bundle's root. */
export interface PlanBundle { entry: string; files: Record<string, string> }
export type CompileResult =
  | { valid: true; plan: CompiledPlan; warnings: Issue[]; secrets: ReleaseSecret[] }
  | { valid: false; issues: Issue[] }

/** Plan text into what the workflow runs, or every issue in it. Never throws, whatever the text. */
export function compilePlan(bundle: PlanBundle, context: CompileContext): CompileResult {
  const files = new Map(Object.entries(bundle.files).map(([path, text]) => [bundlePath(path), text]))
  const issues = new IssueList()
  const compiled = compile(bundlePath(bundle.entry), files, context, issues)
  const found = issues.toIssues(files)
  return compiled && issues.errors === 0 ? { valid: true, ...compiled, warnings: found } : { valid: false, issues: found }
}

const bundlePath = (path: string): string => path.replace(/^(?:\.\/)+/u, '')

function compile(entry: string, files: Map<string, string>, context: CompileContext, issues: IssueList): { plan: CompiledPlan; secrets: ReleaseSecret[] } | null {
  const top: Place = { file: entry, path: '', start: 0, end: 1 }
  const text = files.get(entry)
  const written = text === undefined ? null : readYaml(entry, text, issues)
  if (text === undefined) issues.add('INCLUDE_NOT_FOUND', top, `the bundle has no ${entry}`)
  if (!written) return null
  const root = withPipelineHeader(written)
  const { resolver, variables, includes } = resolverOf(root, files, context, issues)
  const check = new ConfigCheck({ resolver, files, issues })
  const use = structural()
  const fields = (check.shape(planSchema(PlanSpec), root, use) ?? {}) as Partial<PlanSpec> & JsonObject
  const values = variables.all(resolver)
  const settings = {
    variables: Object.fromEntries(values.map(([name, node]): [string, Json] => [name, toJson(node)])),
    channels: entryOf(entryOf(root, 'notifications'), 'channels'), templates: fields.notifications?.templates ?? {}, kinds: context.kinds,
    deploy: entryOf(root, 'deploy'),
  }
  const drafts = stageDrafts(root, issues)
  const pipeline = entryOf(root, 'pipeline')
  const stages = compileStages({ drafts, pipeline: pipeline?.type === 'map' ? pipeline : null, check, issues, settings })
  new Graph(stages, files, issues).check()
  if (stages.some(({ stage }) => stage.fleet)) warnOfHidden(variables, issues)
  handOnGitFacts(stages.filter(({ rollback }) => !rollback).map(({ stage }) => stage))
  const metadata = (fields.metadata ?? {}) as JsonObject
  const sources = { variables: allValues(variables, resolver, settings.variables), declared: variables.names(), metadata, includes, resolver, context }
  const plan = planOf(fields, stages, sources, { use, files, context, issues })
  checkLimits(plan, stages, root, issues)
  return { plan, secrets: variables.secrets }
}

/** Built-ins too: conditions may read `variables.RELEASE_ENV`. */
/** What a variable says is the same for all targets. */
function warnOfHidden(variables: Variables, issues: IssueList): void {
  for (const name of [...Object.keys(OF_TARGET), 'TARGET_LABELS']) {
    const place = variables.placeOf(name)
    if (place) issues.warn('TARGET_VARIABLE_HIDDEN', place, `every target gets this ${name}: what each is called by itself is hidden`)
  }
}

function allValues(variables: Variables, resolver: Resolver, values: JsonObject): JsonObject {
  const builtIns = variables.builtInNames().map((name): [string, Node | null] => [name, variables.value(name, resolver, [`variables.${name}`])])
  return { ...Object.fromEntries(builtIns.flatMap(([name, node]) => node ? [[name, toJson(node)]] : [])), ...values }
}

function resolverOf(root: MapNode, files: Map<string, string>, context: CompileContext, issues: IssueList): { resolver: Resolver; variables: Variables; includes: MapNode } {
  const found = readIncludes(root, files, issues)
  const own = entryOf(root, 'variables')
  if (own && own.type !== 'map' && !isNull(own)) issues.add('WRONG_TYPE', own.place, `variables is ${describe(own)}; it must be a map`)
  const variables = new Variables({ context, includes: found, own: own?.type === 'map' ? own : null, top: root.place, issues })
  const includes = includesNode(found, root.place)
  const ambiguous = new Map([...found.byName].filter(([, files]) => files.length > 1).map(([name, same]) => [name, same.map(({ file }) => file)]))
  const metadata = entryOf(root, 'metadata') ?? mapNode(root.place)
  return { resolver: new Resolver({ metadata, includes, ambiguous, variables, context, files, issues }), variables, includes }
}

function planOf(fields: Partial<PlanSpec>, stages: readonly StageResult[], sources: Sources, { use, files, context, issues }: {
  use: { places: Map<string, Place> }; files: Map<string, string>; context: CompileContext; issues: IssueList
}): CompiledPlan {
  const conditions: Condition[] = stages.flatMap((stage) => [...stage.conditions, ...stage.jobs.flatMap((job) => job.conditions)])
  const { metadata, options, concurrency } = fields
  return {
    name: metadata?.name ?? '',
    version: metadata?.version ?? null,
    description: metadata?.description ?? null,
    owner: metadata?.owner ?? null,
    options: {
      autoRollback: options?.autoRollback ?? true,
      timeoutMs: options?.timeout === undefined ? null : durationMs(options.timeout),
      onMetricOutage: options?.onMetricOutage ?? 'hold',
      onInconclusive: options?.onInconclusive ?? 'ask',
    },
    concurrency: { key: concurrency?.key ?? `${context.release.project}/${context.environmentName ?? 'environment'}`, policy: concurrency?.policy ?? 'queue' },
    window: windowOf(fields.window, use.places, context, issues),
    scope: scopeOf(conditions, sources, files, issues),
    stages: stages.filter(({ rollback }) => !rollback).map(({ stage }) => stage),
    rollback: stages.filter(({ rollback }) => rollback).map(({ stage }) => stage),
  }
}

function checkLimits(plan: CompiledPlan, stages: readonly StageResult[], root: MapNode, issues: IssueList): void {
  const place = { ...root.place, end: root.place.start + 1 }
  const jobs = stages.reduce((sum, stage) => sum + stage.jobs.length, 0)
  if (jobs > MAX_JOBS) issues.add('TOO_LARGE', place, `the plan has ${jobs} jobs: at most ${MAX_JOBS}`)
  const bytes = new TextEncoder().encode(JSON.stringify(plan)).length
  if (bytes > MAX_PLAN_BYTES) issues.add('TOO_LARGE', place, `the compiled plan has ${bytes} bytes: at most ${MAX_PLAN_BYTES}`)
}

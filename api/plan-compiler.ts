import { failure } from '../domain/failures.js'
import type { CompiledPlan } from '../domain/compiled-plan.js'
import type { JsonObject } from '../domain/json.js'
import { compilePlan } from '../plan/compile.js'
import { placeholderContext, type CompileContext } from '../plan/context.js'
import type { Kind } from '../plan/kind.js'
import { explainPlan } from '../plan/explain.js'
import type { ReleaseSecret } from '../plan/variables.js'
import type { BundleFiles } from '../store/bundles.js'
import { invalid, type Issue } from './problem.js'
import type { Explanation } from './schemas/explanation.js'

/** What a plan is compiled with, as a request gives it. */
export interface CompileRequest {
  project?: string
  environment?: string
  version?: string
  /** Layer `release`. */
  variables?: Record<string, unknown>
  /** What the plan reads as env.NAME. */
  env?: Record<string, string>
}
export interface CompiledRelease {
  plan: CompiledPlan
  version: string
  /** Values handed in with the release that only activities may see, by the reference the plan holds in their place. */
  secrets: { name: string; value: string }[]
}

/** Plan files into what a workflow runs, with what a request and this installation add. */
export class PlanCompiler {
  readonly #envNames: string[]
  readonly #kinds: () => Kind[]
  /** @param envNames of the worker's environment that every plan may read as env.NAME @param kinds of the plugins that are installed now */
  constructor(envNames: string[], kinds: () => Kind[] = () => []) {
    this.#envNames = envNames
    this.#kinds = kinds
  }

  /** For a release. Its version is the request's, or else the plan's own. @throws PLAN_INVALID with every issue, REQUEST_INVALID when no version is known */
  compile(bundle: BundleFiles, request: CompileRequest & { project: string; environment: string }, release: { id: string; user: string; time: string }): CompiledRelease {
    const compile = (version: string): ReturnType<typeof mustCompile> => mustCompile(bundle, this.#context(request, { ...release, version, project: request.project }, true))
    const first = compile(request.version ?? '')
    const version = request.version ?? first.plan.version
    if (version === null) throw failure('REQUEST_INVALID', 'which version? Neither the request nor the plan\'s metadata names one')
    const { plan, secrets } = request.version === undefined ? compile(version) : first // what the plan says of its version is known now
    return { plan, version, secrets: [...secretValues(secrets, request), ...Object.entries(request.env ?? {}).map(([name, value]) => ({ name: `env:${name}`, value }))] }
  }

  /** @throws PLAN_INVALID with every issue */
  mustBeValid(bundle: BundleFiles): CompiledPlan { return mustCompile(bundle, placeholderContext({ kinds: this.#kinds() })).plan }

  check(bundle: BundleFiles, request: CompileRequest): { valid: boolean; name: string | null; issues: Issue[] } {
    const result = compilePlan(bundle, this.#loose(request))
    return result.valid ? { valid: true, name: result.plan.name, issues: result.warnings } : { valid: false, name: null, issues: result.issues }
  }

  /** As JSON: a span that nothing ends is null. @throws PLAN_INVALID with every issue */
  explain(bundle: BundleFiles, request: CompileRequest): Explanation {
    return JSON.parse(JSON.stringify(explainPlan(mustCompile(bundle, this.#loose(request)).plan))) as Explanation
  }

  /** What the request leaves out is made up. */
  #loose(request: CompileRequest): CompileContext {
    const { release } = placeholderContext()
    return this.#context(request, { ...release, ...(request.version !== undefined && { version: request.version }), ...(request.project !== undefined && { project: request.project }) }, false)
  }

  #context({ environment, variables, env }: CompileRequest, release: CompileContext['release'], envComplete: boolean): CompileContext {
    const installed = Object.fromEntries(this.#envNames.map((name) => [name, ''])) // only their names count here: the worker has the values
    return placeholderContext({
      layers: { system: {}, project: {}, environment: {}, release: (variables ?? {}) as JsonObject, runTime: {} },
      env: { ...installed, ...env }, envComplete, environmentName: environment ?? null, release, kinds: this.#kinds(),
    })
  }
}

function mustCompile(bundle: BundleFiles, context: CompileContext): { plan: CompiledPlan; secrets: ReleaseSecret[] } {
  const result = compilePlan(bundle, context)
  if (result.valid) return result
  const errors = result.issues.filter(({ severity }) => severity === 'error')
  throw invalid('PLAN_INVALID', `the plan has ${errors.length} ${errors.length === 1 ? 'mistake' : 'mistakes'}: ${errors[0]?.message ?? ''}${errors.length > 1 ? ' …' : ''}`, result.issues)
}

function secretValues(secrets: ReleaseSecret[], { variables }: CompileRequest): CompiledRelease['secrets'] {
  return secrets.flatMap(({ name, reference }) => {
    const given = variables?.[name]
    return given === undefined ? [] : [{ name: reference, value: typeof given === 'string' ? given : JSON.stringify(given) }]
  })
}

import { activityInfo } from '@temporalio/activity'
import type { Json } from '../domain/json.js'
import type { ClusterAccess } from '../drivers/clusters/port.js'
import type { ClusterAddress } from '../plan/addresses.js'
import type { Kind } from '../plan/kind.js'
import { KINDS, type ActivityKind } from '../plan/kinds/index.js'
import type { Places } from './places.js'
import type { Change } from '../domain/change.js'
import { failure } from '../domain/failures.js'
import { runAttempt } from './attempt.js'
import type { JobCall, JobResult, KindActivities, UndoCall } from './contract.js'
import { jobInput, mustFit, type ResolveSecret } from './job-input.js'
import type { JobContext, KindRunner, KindRunners } from './kind-runner.js'
import { logKey } from './log-key.js'
import { clusterAccess, secretText } from './secret-text.js'
import { redacted } from './redacted-failure.js'
import { Redactor } from './redaction.js'
import { ReleaseLog, type LogKeeper } from './release-log.js'
import { openSnapshot, sealSnapshot, type SnapshotDeps } from './sealed-snapshots.js'
import { systemVariables } from './system-variables.js'

export interface KindDeps extends SnapshotDeps {
  runners: KindRunners
  places: Places
  resolveSecret: ResolveSecret
  logs: LogKeeper
  bundles: { find(tenant: string, digest: string): Promise<{ files: Record<string, string> } | null> }
}
type ContextDeps = Omit<KindDeps, 'runners'>
type CheckedKind = Pick<Kind, 'schema' | 'check'>
/** A dry run is of no release: what its far sides print is not kept. */
const NO_LOG: LogKeeper = { append: async () => undefined, lastOffsets: async () => ({}) }
const PARTS = ['snapshot', 'execute', 'rollback', 'preview', 'uninstall'] as const
type Activities = { [Name in `${ActivityKind}.${keyof KindActivities}`]: (input: never) => Promise<unknown> }

/** `<kind>.snapshot`, `<kind>.execute`, `<kind>.rollback`, `<kind>.preview` and `<kind>.uninstall` of every kind that runs in an activity. */
export function createKindActivities(deps: KindDeps): Activities {
  const named = Object.entries(deps.runners).flatMap(([kind, runner]) => {
    const activities = activitiesOfKind(deps, kind, KINDS[kind as ActivityKind], runner)
    return PARTS.map((part) => [`${kind}.${part}`, (input: never) => activities[part](input)] as const)
  })
  return Object.fromEntries(named) as Activities
}

/** The activities of one kind. `named`: as messages call it. */
export function activitiesOfKind(deps: ContextDeps, named: string, kind: CheckedKind, runner: KindRunner<never>): KindActivities {
  return {
    async snapshot(call: JobCall) {
      return inContext(deps, kind, call, call.idempotencyKey, async (config, context) => sealSnapshot(deps, await runner.snapshot?.(config, context) ?? null))
    },
    async execute(call: JobCall) {
      return inContext(deps, kind, call, call.idempotencyKey, async (config, context, redactor) =>
        redactor.json(await runner.execute(config, context) as unknown as Json) as unknown as JobResult)
    },
    async preview(call: JobCall) {
      return inContext({ ...deps, logs: NO_LOG }, kind, call, `${call.idempotencyKey}/preview`, async (config, context, redactor) => {
        const changes = await runner.preview?.(config, context) ?? [{ what: `${call.job} (${named})`, action: 'run' as const, before: null, after: null }]
        return redactor.json(changes as unknown as Json) as unknown as Change[]
      })
    },
    async uninstall(call: JobCall) {
      return inContext(deps, kind, call, `${call.idempotencyKey}/uninstall`, async (config, context, redactor) => {
        if (!runner.uninstall) throw failure('CONFIG_INVALID', `a ${named} job installs nothing: there is nothing to uninstall`)
        return redactor.json(await runner.uninstall(config, context) as unknown as Json) as unknown as JobResult
      })
    },
    /** A person may have it tried again: each time it is scheduled it has a key of its own, each try of one the same. */
    async rollback({ call, snapshot }: UndoCall) {
      const { workflowExecution, activityId } = activityInfo()
      const key = `${call.idempotencyKey}/rollback/${workflowExecution?.runId ?? ''}/${activityId}`
      return inContext(deps, kind, call, key, async (config, context) =>
        runner.rollback?.(config, snapshot && await openSnapshot(deps, snapshot), context))
    },
  }
}

/** Everything a runner need not care about: late values, the check, heartbeats, cancellation, the log, secrets in what leaves. */
async function inContext<Result>(
  deps: ContextDeps, kind: CheckedKind, call: JobCall, idempotencyKey: string,
  work: (config: never, context: JobContext, redactor: Redactor) => Promise<Result>,
): Promise<Result> {
  return runAttempt(async (attempt) => {
    const redactor = new Redactor()
    const log = new ReleaseLog(deps.logs, logKey(call, idempotencyKey), redactor, attempt.isFirstTry)
    try {
      const { config: late, ...named } = call
      const at = { ...named, learn: (secret: string) => { redactor.add(secret) } }
      const cluster = async (address?: ClusterAddress): Promise<ClusterAccess | undefined> => address && clusterAccess(address, (secret) => secretText(secret, deps.resolveSecret, at))
      const { config, variables } = await jobInput({ ...named, config: late }, deps.resolveSecret, redactor)
      mustFit(kind, config)
      return await work(config as never, {
        ...attempt, call: named, idempotencyKey, variables, target: call.target,
        host: () => deps.places.host(at), ownHost: () => deps.places.host({ ...at, target: null }), engine: (address) => deps.places.engine(at, address),
        before: async () => call.before === undefined ? null : openSnapshot(deps, call.before), system: systemVariables(call),
        cluster: async (address) => deps.places.cluster(at, await cluster(address)), clusterAccess: async (address) => deps.places.access(at, await cluster(address)),
        bundleFile: async (path) => (await deps.bundles.find(call.release.tenant, call.release.bundle))?.files[path.replace(/^\.\//, '')] ?? null,
        bundleFolder: async (path) => filesUnder((await deps.bundles.find(call.release.tenant, call.release.bundle))?.files ?? {}, path),
        redact: (text, cutOff = false) => cutOff ? redactor.end(text) : redactor.text(text),
        log: (stream, offset, text) => { log.write(stream, offset, text) },
      }, redactor)
    } catch (error) {
      throw redacted(error, redactor)
    } finally { await log.close() }
  })
}

function filesUnder(files: Record<string, string>, path: string): Record<string, string> {
  const root = path.split('/').filter((step) => step !== '.' && step !== '').join('/')
  const own = files[root]
  if (own !== undefined) return { '': own }
  const prefix = root === '' ? '' : `${root}/`
  return Object.fromEntries(Object.entries(files).filter(([name]) => name.startsWith(prefix)).map(([name, text]) => [name.slice(prefix.length), text]))
}

import { randomUUID } from 'node:crypto'
import { posix } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { durationMs } from '../../domain/duration.js'
import { failure } from '../../domain/failures.js'
import type { ClusterAccess } from '../../drivers/clusters/port.js'
import type { OutputChunk } from '../../drivers/hosts/port.js'
import type { HelmConfig } from '../../plan/kinds/helm.js'
import type { JobContext, KindRunner } from '../kind-runner.js'
import { bundleParts, deliveryLines } from '../tools/delivery.js'
import { changesOf, deployedOf, historyCommand, isPending, lastGood, manifestCommand, readHistory, rollbackCommand, templateCommand, uninstallCommand, upgradeCommand, type HelmRun, type Revision } from '../tools/helm.js'
import { namesCluster } from '../target-address.js'
import { lastWords, roundName, roundOf, runTool, saysUnanswered, settleTool, toolTemp, unanswered } from '../tools/run-tool.js'
import { shellLine, shellWord } from '../tools/shell.js'

/** `latest`: the highest revision there was. Null: no such release. */
type Before = { latest: number; deployed: number | null } | null
const LOOK_MS = 5000

export interface HelmDeps { /** The worker's own kubeconfig file, for jobs that name no cluster. */ kubeconfig: string | undefined }

/** Helm on the worker's machine, on the cluster the job names, else its target's, else the worker's own. */
export const createHelmRunner = ({ kubeconfig }: HelmDeps): KindRunner<HelmConfig> => {
  const on = async (config: HelmConfig, context: JobContext): Promise<Placed> => {
    if (config.cluster === undefined && config.environment['KUBECONFIG'] !== undefined) return { ...config, cluster: {} }
    const cluster = await context.clusterAccess(config.cluster)
    const isOwn = kubeconfig !== undefined && !namesCluster(cluster)
    return { ...config, cluster, environment: { ...isOwn && { KUBECONFIG: kubeconfig }, ...config.environment } }
  }
  return {
    snapshot: async (config, context) => helmRunner.snapshot(await on(config, context), context),
    execute: async (config, context) => helmRunner.execute(await on(config, context), context),
    rollback: async (config, snapshot, context) => helmRunner.rollback(await on(config, context), snapshot, context),
    preview: async (config, context) => helmRunner.preview(await on(config, context), context),
    uninstall: async (config, context) => helmRunner.uninstall(await on(config, context), context),
  }
}

/** A job that knows its cluster, the kubeconfig in full. */
type Placed = Omit<HelmConfig, 'cluster'> & { cluster: ClusterAccess }

const helmRunner: Required<KindRunner<Placed>> = {
  async snapshot(config, context) {
    const history = await historyOf(config, context)
    return (history.length === 0 ? null : { latest: history.at(-1)?.revision ?? 0, deployed: deployedOf(history)?.revision ?? null }) satisfies Before
  },

  /** @throws CHECK_FAILED in Helm's words; TARGET_REFUSED while somebody else's operation goes on; CONFIG_INVALID */
  async execute(config, context) {
    await untilFree(config, context)
    await helm('upgrade', config, context, (run) => [`helm ${shellLine(upgradeCommand(run))} >&2`], true)
    const now = (await historyOf(config, context)).at(-1)
    if (now?.status !== 'deployed') throw failure('CHECK_FAILED', `helm said yes, but revision ${now?.revision ?? '?'} is ${now?.status ?? 'not there'}: ${now?.description ?? ''}`)
    const { revision, chart, app_version: appVersion, status } = now
    return { outputs: { release: releaseOf(config, context), revision, chart, appVersion, status }, message: `revision ${revision}, ${chart}`, artifacts: [] }
  },

  /** To the exact revision; what was not there is uninstalled. */
  async rollback(config, snapshot, context) {
    const before = snapshot as Before
    for (const step of ['clear', 'upgrade']) await settleTool({ step, on: 'worker' }, context)
    const history = await historyOf(config, context)
    if (before === null) {
      if (history.length > 0) await helm('uninstall', config, context, (run) => [`helm ${shellLine(uninstallCommand(run))} >&2`])
      return
    }
    const latest = history.at(-1)
    const { deployed } = before
    if (latest && (latest.revision === before.latest || (latest.status === 'deployed' && latest.description === `Rollback to ${deployed}`))) return
    if (deployed === null) throw failure('TARGET_REFUSED', `no revision of ${releaseOf(config, context)} was deployed before: nothing to go back to; the last was ${before.latest}`)
    await helm('rollback', config, context, (run) => [`helm ${shellLine(rollbackCommand(run, deployed))} >&2`])
  },

  async preview(config, context) {
    const history = await historyOf(config, context)
    const mark = '# releasectl: what it would be\n'
    const said = await helm('preview', config, context, (run) => [
      ...history.length === 0 ? [] : [`helm ${shellLine(manifestCommand(run))} || exit 1`],
      `printf ${shellWord(mark.replace('\n', '\\n'))}`, `helm ${shellLine(templateCommand(run, history.length > 0))}`,
    ], true)
    const [before = '', after = ''] = said.split(mark)
    return changesOf(before, after)
  },

  async uninstall(config, context) {
    await helm('uninstall', config, context, (run) => [`helm ${shellLine(uninstallCommand(run))} >&2`])
    return { outputs: {}, message: `uninstalled ${releaseOf(config, context)}`, artifacts: [] }
  },
}

/** An operation that is pending is waited for; one that was cut off is cleared. @throws TARGET_REFUSED while it goes on */
async function untilFree(config: Placed, context: JobContext): Promise<void> {
  const stuckAfterMs = roundOf(context) > 0 ? 0 : durationMs(config.stuckAfter)
  const until = Date.now() + Math.min(context.timeoutMs / 2, stuckAfterMs)
  for (;;) {
    const history = await historyOf(config, context)
    const latest = history.at(-1)
    if (!latest || !isPending(latest)) return
    if (Date.now() - Date.parse(latest.updated) > stuckAfterMs) { await clear(latest, history, config, context); return }
    if (Date.now() > until) throw failure('TARGET_REFUSED', `${releaseOf(config, context)} is ${latest.status} since ${latest.updated}, by somebody else's operation on revision ${latest.revision}; it counts as cut off ${config.stuckAfter} after it began`)
    await delay(Math.min(LOOK_MS, Math.max(0, until - Date.now()) + 1), undefined, { signal: context.signal })
  }
}

async function clear(stuck: Revision, history: Revision[], config: Placed, context: JobContext): Promise<void> {
  const good = lastGood(history.filter(({ revision }) => revision < stuck.revision))
  context.log('info', 0, `revision ${stuck.revision} is ${stuck.status} since ${stuck.updated}: it was cut off; ${good ? `going back to revision ${good.revision}` : 'taking away what it left'}\n`)
  await helm('clear', config, context, (run) => [`helm ${shellLine(good ? rollbackCommand(run, good.revision) : uninstallCommand(run))} >&2`])
}

async function historyOf(config: Placed, context: JobContext): Promise<Revision[]> {
  return readHistory(await helm('history', config, context, (run) => [
    `helm ${shellLine(historyCommand(run))} 2> "$tool_temp/said" || { code=$?; grep -q 'release: not found' "$tool_temp/said" && exit 0; cat "$tool_temp/said" >&2; exit $code; }`,
  ]))
}

const releaseOf = ({ release }: Placed, { call }: JobContext): string => release ?? call.release.project.toLowerCase().replace(/[^a-z0-9.-]+/g, '-').slice(0, 53)

/** Asked anew each time; everything else is done once an attempt. */
const READS = ['history', 'preview']

/** @returns what it printed. @throws CHECK_FAILED in Helm's words; TARGET_UNREACHABLE when the cluster did not answer */
async function helm(step: string, config: Placed, context: JobContext, lines: (run: HelmRun) => string[], withChart = false): Promise<string> {
  const { cluster, values } = config
  const valuesFiles = [config.valuesFiles].flat()
  const isInBundle = config.repo === undefined && /^\.{1,2}\//.test(config.chart)
  const files = withChart ? await bundleParts([...isInBundle ? [config.chart] : [], ...valuesFiles], (path) => context.bundleFolder(path)) : {}
  const name = READS.includes(step) ? `${step} ${randomUUID()}` : roundName(step, roundOf(context))
  const temp = toolTemp(context, name)
  const { kubeconfig } = cluster
  const run: HelmRun = {
    ...config, temp, release: releaseOf(config, context), chart: isInBundle ? `./${posix.normalize(config.chart)}` : config.chart, valuesFiles: valuesFiles.map((path) => posix.normalize(path)),
    namespace: config.namespace ?? cluster.namespace, context: cluster.context, kubeconfig: kubeconfig === undefined ? cluster.kubeconfigFile : `${temp}/kubeconfig`,
    description: `releasectl ${context.call.release.releaseId}`,
  }
  const chunks = new Map<number, string>()
  const output = (chunk: OutputChunk): void => { if (chunk.stream === 'stdout') chunks.set(chunk.offset, chunk.text); else if (step !== 'history') context.log(chunk.stream, chunk.offset, chunk.text) }
  const result = await runTool({
    step: name, on: 'worker', output, environment: config.environment, lines: [...deliveryLines(files, '.'), ...lines(run)],
    secretFiles: { 'values.json': JSON.stringify(values), ...(kubeconfig !== undefined && { kubeconfig }) },
  }, context)
  if (result.exitCode === 0) return [...chunks].sort(([a], [b]) => a - b).map(([, text]) => text).join('')
  const said = lastWords(result)
  const message = `helm ${step} of ${run.release}: ${said}`
  throw saysUnanswered(said) ? unanswered(message, context) : failure('CHECK_FAILED', message)
}

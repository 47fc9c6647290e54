import { activityInfo } from '@temporalio/activity'
import { failure } from '../domain/failures.js'
import { isObject, type Json, type JsonObject } from '../domain/json.js'
import type { Change } from '../domain/change.js'
import { PLUGIN_PARTS, type InstalledPlugin, type PluginPart, type PluginPort } from '../plugins/port.js'
import type { Artifact, JobResult } from './contract.js'
import type { JobContext, KindRunner } from './kind-runner.js'
import { activitiesOfKind, type KindDeps } from './run-kind.js'

const TYPE = new RegExp(`^plugin\\.([a-z][a-z0-9-]*)\\.(${PLUGIN_PARTS.join('|')})$`)
const ANSWER_BYTES = 256 * 1024

/**
 * `plugin.<name>.<part>` of every plugin, also of one that is installed while the worker runs: Temporal's SDK hands activities it does
 * not know to `default`. @throws CONFIG_INVALID when the plugin is not installed on this worker, or not the one the release was accepted with
 */
export function createPluginActivities(deps: Omit<KindDeps, 'runners'> & { plugins: PluginPort }): { default(input: never): Promise<unknown> } {
  return {
    async default(input) {
      const { activityType } = activityInfo()
      const [, name = '', part = ''] = TYPE.exec(activityType) ?? []
      if (name === '') throw failure('UNAVAILABLE', `this worker has no activity ${activityType}`)
      const found = await deps.plugins.find(name)
      if (!found) throw failure('CONFIG_INVALID', `plugin ${name} is not installed on this worker: releasectl plugins install`)
      const activities = activitiesOfKind(deps, `plugin.${name}`, found.kind, runnerOf(deps.plugins, found.plugin))
      return (activities[part as PluginPart] as (input: never) => Promise<unknown>)(input)
    },
  }
}

function runnerOf(plugins: PluginPort, plugin: InstalledPlugin): KindRunner<JsonObject> {
  const has = (part: PluginPart): boolean => plugin.parts.includes(part)
  const call = async (part: PluginPart, config: JsonObject, context: JobContext, snapshot: Json = null): Promise<Json> => {
    if (part !== 'rollback') mustBeAccepted(plugin, context) // an undo that another version makes is better than none
    const value = await plugins.call(plugin.name, { part, config, snapshot, facts: factsOf(context), timeoutMs: context.timeoutMs }, { ...earsOf(context), signal: context.signal })
    const bytes = Buffer.byteLength(JSON.stringify(value))
    if (part !== 'snapshot' && bytes > ANSWER_BYTES) throw failure('CHECK_FAILED', `plugin ${plugin.name}: ${part} answered ${bytes} bytes; at most ${ANSWER_BYTES}`)
    return value
  }
  return {
    execute: async (config, context) => resultOf(plugin, 'execute', await call('execute', config, context)),
    ...(has('snapshot') && { snapshot: async (config: JsonObject, context: JobContext) => call('snapshot', config, context) }),
    ...(has('rollback') && { rollback: async (config: JsonObject, snapshot: Json, context: JobContext) => { await call('rollback', config, context, snapshot) } }),
    ...(has('uninstall') && { uninstall: async (config: JsonObject, context: JobContext) => resultOf(plugin, 'uninstall', await call('uninstall', config, context)) }),
    ...(has('preview') && { preview: async (config: JsonObject, context: JobContext) => changesOf(plugin, await call('preview', config, context)) }),
  }
}

/** What was accepted is what runs. */
function mustBeAccepted({ name, version, integrity }: InstalledPlugin, { call }: JobContext): void {
  const accepted = call.plugin
  if (accepted && accepted.integrity !== integrity) throw failure('CONFIG_INVALID', `the release was accepted with plugin ${name} ${accepted.version}; installed here is ${version === accepted.version ? `another ${version}` : version}: start it again`)
}

function factsOf({ call, idempotencyKey, target, variables, timeoutMs, heartbeatDetails }: JobContext): JsonObject {
  const { releaseId, project, environment, version, requestedBy } = call.release
  const to = target && { id: target.id, name: target.name, type: target.type, host: target.host, labels: target.labels }
  return { releaseId, project, environment, version, requestedBy, stage: call.stage, job: call.job, attempt: call.attempt, idempotencyKey, target: to, variables, timeoutMs, heartbeatDetails }
}

function earsOf(context: JobContext) {
  const offsets = { stdout: 0, stderr: 0, info: 0 }
  return {
    log: (stream: keyof typeof offsets, text: string) => {
      context.log(stream, offsets[stream], text)
      offsets[stream] += Buffer.byteLength(text)
    },
    heartbeat: (details: Json) => { context.heartbeat(details) },
    bundleFile: async (path: string) => context.bundleFile(path),
  }
}

/** @throws CHECK_FAILED naming what is not as definePlugin says */
function resultOf({ name }: InstalledPlugin, part: string, value: Json): JobResult {
  const nonsense = (what: string): Error => failure('CHECK_FAILED', `plugin ${name}: ${part} returned ${what}`)
  if (value === null) return { outputs: {}, message: '', artifacts: [] }
  if (!isObject(value)) throw nonsense(`${Array.isArray(value) ? 'a list' : typeof value}, not { outputs, message }`)
  const { outputs = {}, message = '', artifacts = [], ...others } = value
  if (Object.keys(others).length > 0) throw nonsense(`${Object.keys(others).join(', ')}; known are outputs, message, artifacts`)
  if (!isObject(outputs)) throw nonsense('outputs that are no map')
  if (typeof message !== 'string') throw nonsense('a message that is no text')
  if (!Array.isArray(artifacts) || !artifacts.every(isArtifact)) throw nonsense('artifacts that are no list of { name, contentType, text }')
  return { outputs: outputs, message, artifacts: artifacts as unknown as Artifact[] }
}

const isArtifact = (one: unknown): one is Artifact => isObject(one) && typeof one['name'] === 'string' && typeof one['contentType'] === 'string' && typeof one['text'] === 'string'

const ACTIONS = ['create', 'update', 'delete', 'run', 'none']
function changesOf({ name }: InstalledPlugin, value: Json): Change[] {
  const isText = (one: unknown): boolean => one === null || typeof one === 'string'
  const isChange = (one: unknown): boolean => isObject(one) && typeof one['what'] === 'string' && ACTIONS.includes(String(one['action'])) && isText(one['before']) && isText(one['after'])
  if (!Array.isArray(value) || !value.every(isChange)) throw failure('CHECK_FAILED', `plugin ${name}: preview returned no list of { what, action, before, after }`)
  return value as unknown as Change[]
}

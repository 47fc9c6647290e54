import { isGrpcServiceError, ServiceError, WorkflowExecutionAlreadyStartedError, WorkflowFailedError, WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client'
import { CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common'
import { setTimeout as delay } from 'node:timers/promises'
import { failure } from '../../domain/failures.js'
import { isObject, type Json, type JsonObject } from '../../domain/json.js'
import type { WorkflowConfig } from '../../plan/kinds/workflow.js'
import type { JobContext, KindRunner } from '../kind-runner.js'

export interface WorkflowDeps { client: Client; /** Where releasectl's own workflows run. */ taskQueue: string }
const OUTPUT_BYTES = 16 * 1024
const LOOK_MS = 250
/** What Temporal gives an attempt beyond the job's own time is half a minute. */
const TIDY_MS = 20_000
type Wanted = Pick<WorkflowConfig, 'type' | 'args' | 'taskQueue'>

export const createWorkflowRunner = (deps: WorkflowDeps): KindRunner<WorkflowConfig> => ({
  /** Started once per attempt, whoever asks. @throws CHECK_FAILED in its words when it fails; TARGET_REFUSED when its id is another's; TIMED_OUT, TARGET_UNREACHABLE */
  async execute(config, context) {
    const handle = await start(deps, idOf(config, context), config, context, config.executionTimeout)
    const ids = { workflowId: handle.workflowId, runId: handle.runId }
    if (!config.wait) return { outputs: ids, message: `started ${config.type} as ${ids.workflowId}`, artifacts: [] }
    const { outputs, left } = outputsOf(await resultOf(handle, config.type, context))
    return { outputs: { ...outputs, ...ids }, message: `${config.type} completed${left}`, artifacts: [] }
  },

  /** First it ends, then it is compensated; what was never started is not. */
  async rollback(config, _snapshot, context) {
    const workflowId = idOf(config, context)
    const handle = deps.client.workflow.getHandle(workflowId)
    const found = await answered(async () => handle.describe()).catch((error: unknown) => { if (error instanceof WorkflowNotFoundError) return null; throw error })
    if (!found || found.memo?.['releasectl'] !== context.call.idempotencyKey) return
    if (found.status.name === 'RUNNING' && config.onUndo !== 'leave') await end(handle, config.onUndo, context.timeoutMs)
    if (config.compensate === undefined) return
    const { status } = await answered(async () => handle.describe())
    const { type, args, taskQueue = config.taskQueue } = config.compensate
    const undo = await start(deps, `${workflowId}/undo`, { type, taskQueue, args: [...args, { workflowId, runId: found.runId, status: status.name }] }, context)
    await resultOf(undo, type, context)
  },

  async preview({ type, taskQueue, wait }) {
    return [{ what: `workflow ${type}`, action: 'run', before: null, after: `started on ${taskQueue}${wait ? ', waited for' : ''}` }]
  },
})

/** Of the plan's attempt, undo included. */
const idOf = ({ id }: WorkflowConfig, { call }: JobContext): string => id ?? `job/${call.release.tenant}/${call.idempotencyKey}`

/** Start it, or find that it was started by an earlier try. One that has failed before may be started again under the same id. */
async function start({ client, taskQueue: own }: WorkflowDeps, workflowId: string, { type, args, taskQueue }: Wanted, { call }: JobContext, timeout?: string): Promise<WorkflowHandle & { runId: string }> {
  if (taskQueue === own) throw failure('CONFIG_INVALID', `taskQueue ${taskQueue} is releasectl's own: its workflows are started by releases`)
  const memo = { releasectl: call.idempotencyKey }
  try {
    const handle = await answered(async () => client.workflow.start(type, {
      workflowId, taskQueue, args, memo, workflowIdReusePolicy: workflowId.endsWith('/undo') ? 'ALLOW_DUPLICATE_FAILED_ONLY' : 'REJECT_DUPLICATE', staticSummary: `${call.release.project} ${call.release.version}: ${call.job}`,
      ...(timeout !== undefined && { workflowExecutionTimeout: timeout }),
    }))
    return Object.assign(handle, { runId: handle.firstExecutionRunId })
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
    const handle = client.workflow.getHandle(workflowId)
    const found = await answered(async () => handle.describe())
    if (found.memo?.['releasectl'] !== call.idempotencyKey) throw failure('TARGET_REFUSED', `workflow ${workflowId} is there already: ${found.type}, ${found.status.name}, not started by this job`)
    return Object.assign(handle, { runId: found.runId })
  }
}

/** Its end; it is cancelled when the release no longer wants it or its time is over. */
async function resultOf(handle: WorkflowHandle, type: string, context: JobContext): Promise<unknown> {
  const over = AbortSignal.timeout(context.timeoutMs)
  const stopped = AbortSignal.any([context.signal, over])
  const ended = answered(async () => handle.result() as Promise<unknown>)
  ended.catch(() => undefined)
  const stop = new Promise<null>((resolve) => { if (stopped.aborted) resolve(null); else stopped.addEventListener('abort', () => { resolve(null) }, { once: true }) })
  try {
    const result = await Promise.race([ended.then((value) => ({ value })), stop])
    if (result !== null) return result.value
  } catch (error) {
    if (error instanceof WorkflowFailedError) throw failure('CHECK_FAILED', `workflow ${type} ${wordsOf(error)}`)
    throw error
  }
  await end(handle, 'cancel', TIDY_MS)
  context.signal.throwIfAborted()
  throw failure('TIMED_OUT', `workflow ${type} ran longer than the job may take, and was cancelled`)
}

/** Asked to cancel, it may tidy up; it is waited for. Closed already is fine. */
async function end(handle: WorkflowHandle, how: 'cancel' | 'terminate', withinMs: number): Promise<void> {
  const until = Date.now() + withinMs
  try { await answered(async () => how === 'cancel' ? handle.cancel() : handle.terminate('the release is taken back')) } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error
  }
  while ((await answered(async () => handle.describe())).status.name === 'RUNNING') {
    if (Date.now() > until) throw failure('TARGET_REFUSED', `workflow ${handle.workflowId} was asked to ${how}, and still runs`)
    await delay(LOOK_MS)
  }
}

/** @throws TARGET_UNREACHABLE when Temporal does not answer */
async function answered<Result>(call: () => Promise<Result>): Promise<Result> {
  try { return await call() } catch (error) {
    const cause = error instanceof ServiceError ? error.cause : error
    if (isGrpcServiceError(cause) && [4, 8, 14].includes(cause.code)) throw failure('TARGET_UNREACHABLE', `Temporal did not answer: ${cause.details}`) // DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE
    throw error
  }
}

function wordsOf({ cause }: WorkflowFailedError): string {
  if (cause instanceof CancelledFailure) return 'was cancelled'
  if (cause instanceof TerminatedFailure) return `was terminated: ${cause.message}`
  if (cause instanceof TimeoutFailure) return 'timed out'
  const deepest = (error: Error): Error => error.cause instanceof Error ? deepest(error.cause) : error
  return `failed: ${cause instanceof Error ? deepest(cause).message.slice(0, 500) : 'without a word'}`
}

function outputsOf(result: unknown): { outputs: JsonObject; left: string } {
  const bytes = Buffer.byteLength(JSON.stringify(result ?? null))
  if (bytes > OUTPUT_BYTES) return { outputs: {}, left: `; its result of ${bytes} bytes is over ${OUTPUT_BYTES} and left out` }
  return { outputs: isObject(result) ? result as JsonObject : result === undefined ? {} : { result: result as Json }, left: '' }
}

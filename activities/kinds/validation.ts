import { setTimeout as delay } from 'node:timers/promises'
import { durationMs, formatDuration } from '../../domain/duration.js'
import { failure } from '../../domain/failures.js'
import type { ConfigOf } from '../../plan/kinds/index.js'
import type { JobResult } from '../contract.js'
import type { JobContext, KindRunner } from '../kind-runner.js'
import { probeHttp, probeTcp, type HttpProbe } from '../probe.js'
import { runScript } from '../machine/run-script.js'

type Config = ConfigOf<'validation'>
/** One thing to ask; its answer is null when it is healthy, else what came instead. */
interface Check { name: string; ask(timeoutMs: number, nth: number): Promise<string | null> }

const DEFAULT_TIMEOUT = '10s'
const DEFAULT_INTERVAL = '5s'

/** Ask each endpoint in turn until it is healthy, or say it is not. */
export const validationRunner: KindRunner<Config> = {
  async execute(config, context): Promise<JobResult> {
    const checks = checksOf(config, context)
    const report = reporter(context)
    const deadline = Date.now() + context.timeoutMs
    for (const check of checks) await untilHealthy(check, config, context.signal, report, deadline)
    const names = checks.map(({ name }) => name)
    return { outputs: { healthy: true, checked: names }, message: `${names.join(', ')}: healthy`, artifacts: [] }
  },
}

/** @throws CHECK_FAILED after `retry` more tries that were not `successThreshold` successes in a row; TIMED_OUT */
async function untilHealthy(check: Check, config: Config, signal: AbortSignal, report: (line: string) => void, deadline: number): Promise<void> {
  const { name } = check
  let inRow = 0
  let failures = 0
  for (let nth = 1; ; nth += 1) {
    const left = deadline - Date.now()
    if (left <= 0) throw failure('TIMED_OUT', `${name} was not healthy when the job's time was over`)
    signal.throwIfAborted()
    const wrong = await check.ask(Math.min(durationMs(config.timeout ?? DEFAULT_TIMEOUT), left), nth)
    report(`${name}: ${wrong ?? 'healthy'}`)
    if (wrong === null) {
      inRow += 1
      if (inRow >= config.successThreshold) return
    } else {
      inRow = 0
      failures += 1
      if (failures > config.retry) throw failure('CHECK_FAILED', `${name}: ${wrong}`)
    }
    await delay(durationMs(config.interval ?? DEFAULT_INTERVAL), undefined, { signal })
  }
}

function checksOf(config: Config, context: JobContext): Check[] {
  const http = (probe: HttpProbe): Check => ({ name: probe.url, ask: (timeoutMs) => probeHttp(probe, timeoutMs, context.signal, (text) => context.redact(text)) })
  if (config.endpoints) return config.endpoints.map(http)
  const { type, url = '', expectedStatus = 200, host: to = '', port = 0, script = '' } = config
  if (type === 'http') return [http({ url, expectedStatus })]
  if (type === 'tcp') return [{ name: `${to}:${port}`, ask: (timeoutMs) => probeTcp(to, port, timeoutMs, context.signal) }]
  return [{ name: 'script', ask: (timeoutMs, nth) => askScript(script, timeoutMs, nth, context) }]
}

/** Every try is a run of its own. */
async function askScript(script: string, timeoutMs: number, nth: number, context: JobContext): Promise<string | null> {
  try {
    await runScript(script, { interpreter: '/bin/bash', environment: {} }, { ...context, timeoutMs, idempotencyKey: `${context.idempotencyKey}/${nth}`, log: () => undefined })
    return null
  } catch (error) {
    const { type, message } = error as { type?: string; message: string }
    if (type === 'TIMED_OUT') return `expected an end within ${formatDuration(timeoutMs)}, it went on`
    if (type === 'CHECK_FAILED') return message
    throw error
  }
}

function reporter(context: JobContext): (line: string) => void {
  let offset = 0
  return (line) => {
    context.log('info', offset, `${line}\n`)
    offset += Buffer.byteLength(line) + 1
  }
}

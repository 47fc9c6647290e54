import { readFileSync } from 'node:fs'
import { durationMs } from '../../../domain/duration.js'
import { failure } from '../../../domain/failures.js'
import type { ServiceConfig } from '../../../plan/kinds/services.js'
import type { JobContext } from '../../kind-runner.js'
import { fresh, onTarget } from '../ask.js'
import type { MachineService } from './service.js'

const SCRIPT = readFileSync(new URL('./ready.sh', import.meta.url), 'utf8')
const SLACK_MS = 10_000

/** Wait until a service that was started is ready; without a probe, that it runs. @throws CHECK_FAILED with the last answer and its last words */
export async function waitReady(key: string, service: MachineService, config: ServiceConfig, context: JobContext): Promise<void> {
  const withinMs = durationMs(config.readyTimeout)
  const wrong = config.ready ? await probe(key, config.ready, config, withinMs, context) : await service.state(`${key}/${fresh()}`) === 'stopped' ? 'it has ended' : null
  if (wrong === null) return
  const words = context.redact(await service.tail().catch(() => ''), true).trim()
  throw failure('CHECK_FAILED', `${service.name}${onTarget(context)} was started, but ${wrong}${words && `; it said:\n${words}`}`)
}

async function probe(key: string, { type, url = '', expectedStatus, host, port, command = '' }: NonNullable<ServiceConfig['ready']>, { environment }: ServiceConfig, withinMs: number, context: JobContext): Promise<string | null> {
  const machine = await context.host()
  const result = await machine.run({
    key, script: SCRIPT, interpreter: '/bin/bash', workDir: null, timeoutMs: Math.min(context.timeoutMs, withinMs + SLACK_MS),
    environment: { ...environment, TYPE: type, URL: url, STATUS: String(expectedStatus), HOST: host, PORT: String(port ?? ''), COMMAND: command, WITHIN: String(Math.ceil(withinMs / 1000)) },
  }, { output: () => undefined, signal: context.signal })
  return result.exitCode === 0 ? null : context.redact(result.stderr.trim())
}

import { readFileSync } from 'node:fs'
import { durationMs } from '../../../domain/duration.js'
import type { ServiceConfig } from '../../../plan/kinds/services.js'
import type { JobContext } from '../../kind-runner.js'
import { ask } from '../ask.js'
import type { MachineService } from './service.js'

const SCRIPT = readFileSync(new URL('./systemd.sh', import.meta.url), 'utf8')
const RUNNING = ['active', 'activating', 'reloading']
/** What systemctl itself may take beyond the grace. */
const SLACK_MS = 30_000

/** A unit by the machine's systemctl. */
export function systemdService(unit: string, config: ServiceConfig, context: JobContext): MachineService {
  const graceMs = durationMs(config.gracefulTimeout)
  const systemctl = (key: string, what: string, environment: Record<string, string>, timeoutMs = context.timeoutMs) =>
    ask({ key, script: SCRIPT, what: `${what} unit ${unit}`, timeoutMs, environment: { ...config.environment, UNIT: unit, ...environment } }, context)
  return {
    name: `unit ${unit}`,
    async state(key) {
      const { outputs } = await systemctl(key, 'looking at', { DO: 'state' })
      return RUNNING.includes(outputs['state'] ?? '') ? 'running' : 'stopped'
    },
    spec: async () => null,
    async start(key) { await systemctl(key, 'starting', { DO: 'start' }) },
    async stop(key) {
      await systemctl(key, 'stopping', { DO: 'stop', GRACE: String(Math.ceil(graceMs / 1000)), FORCE: String(config.forceKill) }, Math.min(context.timeoutMs, graceMs + SLACK_MS))
    },
    async tail() { return (await systemctl(`${context.idempotencyKey}/tail`, 'reading the log of', { DO: 'tail' })).stdout },
  }
}

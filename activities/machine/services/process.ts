import { durationMs } from '../../../domain/duration.js'
import type { Json } from '../../../domain/json.js'
import type { ServiceSpec } from '../../../drivers/hosts/port.js'
import type { ServiceConfig } from '../../../plan/kinds/services.js'
import type { JobContext } from '../../kind-runner.js'
import { environmentOf } from '../script-environment.js'
import type { MachineService } from './service.js'

const TAIL_BYTES = 2048

/** A process that the host starts detached; the same one for all releases of a project in an environment. */
export function processService(name: string, config: ServiceConfig, context: JobContext): MachineService {
  const { tenant, project, environment } = context.call.release
  const key = `${[tenant, project, environment].join('/')}/${name}`
  const own = (): ServiceSpec => ({
    key, command: config.command ?? [], workDir: config.workDir ?? null, port: config.port, environment: environmentOf({ environment: config.environment }, context),
  })
  return {
    name: `process ${name}`,
    async state() { return (await (await context.host()).inspect(key))?.running === true ? 'running' : 'stopped' },
    async spec() { return await (await context.host()).spec(key) as unknown as Json },
    async start(_key, spec) { await (await context.host()).start(spec === null ? own() : spec as unknown as ServiceSpec) },
    async stop() { await (await context.host()).stop(key, durationMs(config.gracefulTimeout)) },
    async tail() { return (await context.host()).tail(key, TAIL_BYTES) },
  }
}

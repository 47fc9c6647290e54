import type { Change } from '../../domain/change.js'
import type { Json } from '../../domain/json.js'
import type { ServiceConfig } from '../../plan/kinds/services.js'
import type { JobContext, KindRunner } from '../kind-runner.js'
import { fresh, onTarget } from '../machine/ask.js'
import { appOf } from '../machine/backup-place.js'
import { commandService } from '../machine/services/command.js'
import { processService } from '../machine/services/process.js'
import { waitReady } from '../machine/services/ready.js'
import type { MachineService, ServiceState } from '../machine/services/service.js'
import { systemdService } from '../machine/services/systemd.js'
import { settle } from '../machine/settle.js'

type Runner = Required<Omit<KindRunner<ServiceConfig>, 'uninstall'>>
interface Snapshot { state: ServiceState; spec: Json }

function serviceOf(config: ServiceConfig, context: JobContext): MachineService {
  const name = config.service ?? appOf({}, context)
  switch (config.type) {
    case 'systemd': return systemdService(name, config, context)
    case 'process': return processService(name, config, context)
    case 'command': return commandService(name, config, context)
  }
}

const snapshot: Runner['snapshot'] = async (config, context) => {
  const service = serviceOf(config, context)
  return { state: await service.state(`${context.idempotencyKey}/look`), spec: await service.spec() } satisfies Snapshot
}
const preview = (wanted: 'running' | 'stopped'): Runner['preview'] => async (config, context): Promise<Change[]> => {
  const service = serviceOf(config, context)
  const before = await service.state(`${context.idempotencyKey}/${fresh()}`)
  return [{ what: `${service.name}${onTarget(context)}`, action: before === wanted ? 'none' : 'update', before, after: wanted }]
}
/** Back to the state it was in; where nobody can tell which that was, to the other one. */
const backTo = (otherwise: ServiceState): Runner['rollback'] => async (config, given, context) => {
  const { state, spec } = given as unknown as Snapshot
  const service = serviceOf(config, context)
  const wanted = state === 'unknown' ? otherwise : state
  for (const part of ['start', 'stop']) await settle(`${context.call.idempotencyKey}/${part}`, context)
  const now = await service.state(`${context.idempotencyKey}/look`)
  if (now === wanted) return
  if (wanted === 'stopped') return service.stop(`${context.idempotencyKey}/stop`)
  await service.start(`${context.idempotencyKey}/start`, spec)
  if (config.waitReady) await waitReady(`${context.idempotencyKey}/ready`, service, config, context)
}

export const startServiceRunner: Runner = {
  snapshot, preview: preview('running'), rollback: backTo('stopped'),
  async execute(config, context) {
    const service = serviceOf(config, context)
    const before = await service.state(`${context.idempotencyKey}/look`) // the snapshot's own
    if (before !== 'running') await service.start(`${context.idempotencyKey}/start`, null)
    if (config.waitReady) await waitReady(`${context.idempotencyKey}/ready`, service, config, context)
    return { outputs: { service: service.name, before, after: 'running' }, message: `${service.name}${onTarget(context)} ${before === 'running' ? 'ran already' : config.waitReady ? 'is ready' : 'was started'}`, artifacts: [] }
  },
}

export const stopServiceRunner: Runner = {
  snapshot, preview: preview('stopped'), rollback: backTo('running'),
  async execute(config, context) {
    const service = serviceOf(config, context)
    const before = await service.state(`${context.idempotencyKey}/look`)
    if (before !== 'stopped') await service.stop(`${context.idempotencyKey}/stop`)
    return { outputs: { service: service.name, before, after: 'stopped' }, message: `${service.name}${onTarget(context)} ${before === 'stopped' ? 'stood still already' : 'was stopped'}`, artifacts: [] }
  },
}

import { Value } from 'typebox/value'
import type { JobCall, SealedSnapshot } from '../../activities/contract.js'
import type { JsonObject } from '../../domain/json.js'
import type { ContainerPort } from '../../drivers/containers/port.js'
import { ContainerConfig } from '../../plan/kinds/container.js'
import { callOf, kindWorld } from './kind-world.js'

/** A `container` job of a release of its own, with what the compiler fills in. */
export function containerCall(version: string, config: JsonObject): JobCall {
  const call = callOf('container', Value.Default(ContainerConfig, structuredClone(config)) as JsonObject)
  return { ...call, release: { ...call.release, version } }
}

/** The container kind on one engine. */
export async function containerWorld(engine: ContainerPort) {
  const world = await kindWorld({}, { engine })
  /** As the workflow does it: snapshot, then execute, which sees it. */
  const release = async (call: JobCall): Promise<{ call: JobCall; snapshot: SealedSnapshot; outputs: JsonObject; message: string }> => {
    const snapshot = await world.snapshot(call)
    const { outputs, message } = await world.execute({ ...call, before: snapshot })
    return { call, snapshot, outputs, message }
  }
  return { ...world, release }
}

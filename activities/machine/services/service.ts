import type { Json } from '../../../domain/json.js'

/** `unknown`: the job has no means to tell. */
export type ServiceState = 'running' | 'stopped' | 'unknown'

/** A service of a machine, however it is run. Each part is done once per key and may be asked again. */
export interface MachineService {
  /** For messages: `unit shop`. */
  name: string
  state(key: string): Promise<ServiceState>
  /** What it runs as, enough to have it back; null where its machine keeps that. May hold secrets. */
  spec(): Promise<Json>
  /** `spec`: as it was before; null: as the job says. @throws CHECK_FAILED with its words */
  start(key: string, spec: Json): Promise<void>
  /** Until it has ended. @throws CHECK_FAILED when it would not and must not be killed */
  stop(key: string): Promise<void>
  /** Its last words, for a failure. */
  tail(): Promise<string>
}

import type { TargetRef } from '../domain/target.js'
import type { HostPort } from '../drivers/hosts/port.js'
import type { ReleaseRef } from '../domain/release.js'

/** For whom a place is looked up. `target` null: the job runs for no target. */
export interface PlaceOf { release: ReleaseRef; target: TargetRef | null }

/** Where jobs act: what their target names, else what this installation has. worker.ts builds it. */
export interface Places {
  /** The machine a job's commands run on. @throws CONFIG_INVALID when the target is no machine */
  host(of: PlaceOf): Promise<HostPort>
}

/** A place where every job acts on one machine. */
export const placesOn = (host: HostPort): Places => ({ host: async () => host })

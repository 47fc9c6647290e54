import type { TargetRef } from '../domain/target.js'
import type { ClusterAccess, ClusterPort } from '../drivers/clusters/port.js'
import type { ContainerPort } from '../drivers/containers/port.js'
import type { HostPort } from '../drivers/hosts/port.js'
import type { ReleaseRef } from '../domain/release.js'
import type { EngineAddress } from '../plan/addresses.js'
import { failure } from '../domain/failures.js'

/** For whom a place is looked up. `target` null: the job runs for no target. `learn` is told each secret that is needed to get there. */
export interface PlaceOf { release: ReleaseRef; target: TargetRef | null; learn?: ((secret: string) => void) | undefined }

/** Where jobs act: what their target names, else what this installation has. A worker's: target-places.ts. */
export interface Places {
  /** The machine a job's commands run on. @throws CONFIG_INVALID when the target is no machine */
  host(of: PlaceOf): Promise<HostPort>
  /** The cluster a job acts on: the address in its config, else its target's, else the installation's. Part by part. @throws CONFIG_INVALID when there is none */
  cluster(of: PlaceOf, address?: ClusterAccess): Promise<ClusterPort>
  /** The same for tools that go there themselves: how it is reached. Nothing given: the installation's own. @throws CONFIG_INVALID */
  access(of: PlaceOf, address?: ClusterAccess): Promise<ClusterAccess>
  /** The container engine a job acts on: the one at `address`, else its target's, else this installation's own. @throws CONFIG_INVALID */
  engine(of: PlaceOf, address?: EngineAddress): Promise<ContainerPort>
}

/** A place where every job acts on one machine, and on the cluster or engine that its config names: an agent's. */
export const placesOn = (host: HostPort, openCluster?: (access: ClusterAccess) => ClusterPort, engine: Places['engine'] = noEngine): Places => ({
  host: async () => host,
  engine,
  cluster: async (_of, address = {}) => {
    if (!openCluster) throw failure('CONFIG_INVALID', 'this installation has no clusters')
    return openCluster(address)
  },
  access: async (_of, address = {}) => address,
})

const noEngine = async (): Promise<never> => { throw failure('CONFIG_INVALID', 'this installation has no container engine') }

/** The same places; `learn` is told of every secret on the way there. */
export const learning = (places: Places, learn: (secret: string) => void): Places => ({
  host: (of) => places.host({ ...of, learn }), engine: (of, address) => places.engine({ ...of, learn }, address),
  cluster: (of, address) => places.cluster({ ...of, learn }, address), access: (of, address) => places.access({ ...of, learn }, address),
})

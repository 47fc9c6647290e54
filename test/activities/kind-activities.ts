import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { placesOn, type Places } from '../../activities/places.js'
import { createKindRunners } from '../../activities/kinds/index.js'
import type { KindActivities } from '../../activities/contract.js'
import type { LogKeeper } from '../../activities/release-log.js'
import { createKindActivities } from '../../activities/run-kind.js'
import { InstallationChannels } from '../../activities/notices/installation.js'
import { InstallationKey } from '../../config/key.js'
import { failure } from '../../domain/failures.js'
import type { ClusterAccess, ClusterPort } from '../../drivers/clusters/port.js'
import type { ContainerPort } from '../../drivers/containers/port.js'
import { ConfluenceDocuments } from '../../drivers/documents/confluence.js'
import { LocalHost } from '../../drivers/hosts/local.js'
import { MemoryNotices } from '../../drivers/notices/memory.js'
import type { LogText } from '../../store/logs.js'

/** Keeps chunks by offset, as the database does; down on demand. */
export class MemoryLog implements LogKeeper {
  readonly chunks = new Map<string, LogText>()
  isDown = false
  async append({ job, attempt }: { job: string; attempt: number }, texts: LogText[]): Promise<void> {
    if (this.isDown) throw new Error('the database is down')
    for (const text of texts) this.chunks.set(`${job}/${attempt}/${text.stream}/${text.offset}`, text)
  }
  async lastOffsets(): Promise<Record<string, number>> {
    const last: Record<string, number> = {}
    for (const { stream, offset } of this.chunks.values()) last[stream] = Math.max(last[stream] ?? 0, offset)
    return last
  }
  text(stream: string): string {
    return [...this.chunks.values()].filter((chunk) => chunk.stream === stream).sort((a, b) => a.offset - b.offset).map(({ text }) => text).join('')
  }
}

export const SECRETS: Record<string, string> = { 'env:TOKEN': 'hunter2hunter2' }

/** The same in every process of a run. */
export const KEY = Buffer.alloc(32, 7)
/** What a world has besides: the host's folder, where another process uses it too; an engine; clusters, or the places of targets; the bundle's files; a Temporal client. */
export interface KindWorldParts { home?: string; engine?: ContainerPort; openCluster?: (access: ClusterAccess) => ClusterPort; places?: (own: LocalHost) => Places; files?: Record<string, string>; client?: Client }
/** The activities of job kinds with real processes; secrets, log and snapshots in memory. To be called inside an activity's context. */
export async function kindActivities({ home, engine, openCluster, places, files = { 'run_tests.sh': 'echo from the bundle' }, client = new Client({ connection: Connection.lazy() }) }: KindWorldParts = {}) {
  const host = new LocalHost({ home: home ?? await mkdtemp(join(tmpdir(), 'releasectl-home-')) })
  const logs = new MemoryLog()
  const snapshots = { save: async () => 'digest', find: async () => null }
  const activities = createKindActivities({
    runners: createKindRunners({ notices: new MemoryNotices(), channels: InstallationChannels.read(undefined), documents: new ConfluenceDocuments(), site: () => null, kubeconfig: undefined, client, taskQueue: 'releases' }), key: new InstallationKey(KEY), snapshots, logs,
    resolveSecret: async (reference) => SECRETS[reference] ?? Promise.reject(failure('SECRET_MISSING', `no secret ${reference}`)),
    places: places?.(host) ?? placesOn(host, openCluster, engine && (async () => engine)), bundles: { find: async () => ({ files }) },
  }) as unknown as Record<string, KindActivities[keyof KindActivities]>
  return { host, logs, activities }
}

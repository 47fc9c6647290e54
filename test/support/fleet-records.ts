// The rows of targets in memory, as store/targets.ts and store/target-runs.ts keep them in PostgreSQL.
import { hasLabels } from '../../domain/fleet.js'
import type { TargetRef } from '../../domain/target.js'
import { TO_RUN, type FleetBrief, type TargetRunStatus } from '../../domain/target-run.js'
import type { JobView } from '../../domain/release.js'
import type { UndoEntry } from '../../domain/undo.js'
import type { FleetDeps } from '../../activities/fleet/index.js'
import type { TargetRow } from '../../store/targets.js'

interface Run { name: string; position: number; wave: number; target: TargetRef; status: TargetRunStatus; message: string | null; pass: number; jobs: JobView[]; undo: UndoEntry[]; ended: number }

export class FleetRecords {
  readonly targets: TargetRow[] = []
  /** By `<release>/<stage>`. */
  readonly runs = new Map<string, Run[]>()
  readonly #briefs = new Map<string, FleetBrief & { waves: string[] }>()
  /** Targets that do not answer a probe. */
  readonly away = new Set<string>()
  #ends = 0

  add(name: string, more: Partial<TargetRow> = {}): void {
    this.targets.push({
      id: `id-${name}`, tenant: 'default', environmentId: 'e', environment: 'production', project: 'shop', name, type: 'host', via: 'direct', host: `${name}.example.com`, labels: {}, priority: 0, config: { ssh: { host: `${name}.example.com`, port: 22, user: 'root', agent: false, sudo: false } },
      lastSeenAt: null, reachable: null, health: null, createdAt: new Date(), updatedAt: new Date(), ...more,
    })
  }

  /** The one stage's rows, by name. */
  statuses(): Record<string, TargetRunStatus> { return Object.fromEntries([...this.runs.values()].flat().map(({ name, status }) => [name, status])) }
  run(name: string): Run | undefined { return [...this.runs.values()].flat().find((run) => run.name === name) }

  deps(): FleetDeps {
    const key = ({ releaseId, stage }: { releaseId: string; stage: string }): string => `${releaseId}/${stage}`
    const rows = (of: { releaseId: string; stage: string }): Run[] => this.runs.get(key(of)) ?? []
    const must = (of: { releaseId: string; stage: string; name: string }): Run => {
      const row = rows(of).find(({ name }) => name === of.name)
      if (row === undefined) throw new Error(`no row of ${of.name}`)
      return row
    }
    return {
      targets: {
        select: async (_tenant, { labels = {}, type }) => this.targets.filter((target) => hasLabels(target, labels) && (type === undefined || target.type === type)).sort((a, b) => b.priority - a.priority),
        find: async (_tenant, id) => this.targets.find((target) => target.id === id) ?? null,
      },
      probe: async ({ name }) => ({ isThere: !this.away.has(name), said: `${name}: expected a connection, got ECONNREFUSED` }),
      runs: {
        begin: async (of, _tenant, brief, { waves, targets }) => {
          if (this.#briefs.has(key(of))) return false
          this.#briefs.set(key(of), { ...brief, waves })
          this.runs.set(key(of), targets.map(({ target, wave }, position) => ({ name: target.name, position, wave, target, status: wave < 0 ? 'skipped' : 'pending', message: null, pass: 0, jobs: [], undo: [], ended: 0 })))
          return true
        },
        brief: async (of) => this.#briefs.get(key(of)) ?? null,
        chosen: async (of) => rows(of).map(({ name, wave }) => ({ name, wave })),
        page: async (of, wave, from, limit) => rows(of).filter((row) => row.wave === wave && row.position >= from && TO_RUN.includes(row.status)).slice(0, limit),
        members: async (of, wave, from, limit) => rows(of).filter((row) => row.wave === wave && row.position >= from && row.status === 'succeeded').slice(0, limit),
        find: async (of) => rows(of).find(({ name }) => name === of.name) ?? null,
        mark: async (of, status, isNewPass) => { Object.assign(must(of), { status, message: null }, isNewPass && { pass: must(of).pass + 1 }) },
        write: async (of, { at, ...change }) => { Object.assign(must(of), JSON.parse(JSON.stringify(change)), at && { ended: this.#ends += 1 }) },
        open: async (of) => rows(of).filter(({ status, undo }) => status === 'running' || status === 'waiting' || undo.some(({ state }) => state !== 'undone')).sort((a, b) => b.ended - a.ended).map(({ name, status }) => ({ name, status })),
        list: async () => [],
      },
    }
  }
}

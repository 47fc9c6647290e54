import type { Static } from 'typebox'
import { failure } from '../domain/failures.js'
import { isEnding, releaseWorkflowId, rollbackWorkflowId, type ReleaseEvent, type ReleaseInput, type ReleaseView } from '../domain/release.js'
import { reportOf, type Report } from '../domain/report.js'
import type { EventStore, LogLine } from '../store/events.js'
import type { ReleaseFilter, ReleaseRow, ReleaseStore, ReleaseSummaryRow } from '../store/releases.js'
import type { TargetRun } from '../domain/target-run.js'
import type { TargetRunStore } from '../store/target-runs.js'
import { releaseQuery } from '../workflows/messages.js'
import { acceptedView } from './accepted-view.js'
import { cursorOf, readMomentCursor } from './cursor.js'
import type { ReleaseSummary } from './schemas/release.js'
import type { ReleaseDetail } from './schemas/release-view.js'
import type { Temporal } from './temporal.js'

/** A worker answers a query in milliseconds; when none does, the database's view is better than waiting. */
const QUERY_DEADLINE_MS = 1500
const EVENTS_AT_ONCE = 500
const TARGETS_AT_ONCE = 500

export type LogLineAnswer = Omit<LogLine, 'at'> & { at: string }

/** What is to be seen of releases. One release is asked itself while it runs; lists come from the database. */
export class ReleaseReads {
  readonly #releases: ReleaseStore
  readonly #events: EventStore
  readonly #temporal: Temporal
  readonly #targetRuns: Pick<TargetRunStore, 'list'>
  constructor({ releases, events, temporal, targetRuns }: { releases: ReleaseStore; events: EventStore; temporal: Temporal; targetRuns: Pick<TargetRunStore, 'list'> }) {
    this.#targetRuns = targetRuns
    this.#releases = releases
    this.#events = events
    this.#temporal = temporal
  }

  /** @throws RELEASE_NOT_FOUND */
  async row(tenant: string, id: string): Promise<ReleaseRow> {
    const row = await this.#releases.find(tenant, id)
    if (!row) throw failure('RELEASE_NOT_FOUND', `there is no release ${id}`)
    return row
  }

  async list(tenant: string, query: Omit<ReleaseFilter, 'since' | 'until'> & { since?: string; until?: string; limit: number; cursor?: string }): Promise<{ items: ReleaseSummary[]; next: string | null }> {
    const { limit, cursor, since, until, ...filter } = query
    const { at, rest: [id = ''] } = cursor === undefined ? { at: null, rest: [] } : readMomentCursor(cursor, 2)
    const rows = await this.#releases.list(tenant, { ...filter, ...(since !== undefined && { since: new Date(since) }), ...(until !== undefined && { until: new Date(until) }) }, at && { at, id }, limit)
    const last = rows.at(-1)
    return { items: rows.map(summaryOf), next: last && rows.length === limit ? cursorOf(last.acceptedAt, last.id) : null }
  }

  async get(tenant: string, id: string): Promise<Static<typeof ReleaseDetail>> {
    const row = await this.row(tenant, id)
    const live = await this.#live(row)
    return { ...live ?? asStored(row), id, live: live !== null, asOf: new Date().toISOString() }
  }

  async events(tenant: string, id: string, after: number, limit = EVENTS_AT_ONCE): Promise<{ items: ReleaseEvent[]; next: number }> {
    await this.row(tenant, id)
    const items = await this.#events.after(id, after, limit)
    return { items, next: items.at(-1)?.sequence ?? after }
  }

  /** All of its journal is read: every verdict counts. @throws RELEASE_NOT_FOUND */
  async report(tenant: string, id: string): Promise<Report> {
    const row = await this.row(tenant, id)
    const view = await this.#live(row) ?? asStored(row)
    const events: ReleaseEvent[] = []
    for (let page = await this.#events.after(id, 0, EVENTS_AT_ONCE); page.length > 0; page = await this.#events.after(id, events.at(-1)?.sequence ?? 0, EVENTS_AT_ONCE)) events.push(...page)
    return reportOf(view, events, view.stages.some(({ fleet }) => fleet) ? await this.#targetsOf(id) : [], Date.now())
  }

  async #targetsOf(id: string): Promise<TargetRun[]> {
    const rows: TargetRun[] = []
    for (let page = await this.#targetRuns.list(id, {}, null, TARGETS_AT_ONCE); page.length > 0; page = await this.#targetRuns.list(id, {}, rows.at(-1) ?? null, TARGETS_AT_ONCE)) rows.push(...page)
    return rows
  }

  async logs(tenant: string, id: string, query: { after: number; job?: string; limit: number }): Promise<{ items: LogLineAnswer[]; next: number }> {
    await this.row(tenant, id)
    const items = await this.#events.logsAfter(id, query.after, query.job ?? null, query.limit)
    return { items: items.map(logAnswer), next: items.at(-1)?.seq ?? query.after }
  }

  /** null: it has ended or not begun, or no worker answered. */
  async #live(row: ReleaseRow): Promise<ReleaseView | null> {
    return isEnding(row.status) || !row.workflowStarted ? null : this.#ask(row)
  }

  /** null: no worker answered. The database says what it last knew. */
  async #ask({ tenant, id, rollbacks }: ReleaseRow): Promise<ReleaseView | null> {
    const workflowId = rollbacks > 0 ? rollbackWorkflowId(tenant, id, rollbacks) : releaseWorkflowId(tenant, id)
    try {
      return await this.#temporal.call('show the release', (client) => client.workflow.getHandle(workflowId).query(releaseQuery), QUERY_DEADLINE_MS)
    } catch {
      return null
    }
  }
}

const asStored = ({ view, input }: ReleaseRow): ReleaseView => view ?? acceptedView(input as ReleaseInput)

export const logAnswer = (line: LogLine): LogLineAnswer => ({ ...line, at: line.at.toISOString() })

export const summaryOf = (row: ReleaseSummaryRow): ReleaseSummary => ({
  id: row.id, project: row.project, environment: row.environment, version: row.version, planName: row.planName, planVersion: row.planVersion,
  bundle: row.bundle, requestedBy: row.requestedBy, status: row.status as ReleaseSummary['status'], reason: row.reason, concurrencyKey: row.concurrencyKey,
  acceptedAt: row.acceptedAt.toISOString(), startedAt: row.startedAt?.toISOString() ?? null, endedAt: row.endedAt?.toISOString() ?? null,
})

import type { PrismaClient } from './generated/client.js'
import type { JournalEntry } from '../domain/release.js'
import { isEnding } from '../domain/release.js'

/**
 * Write events, undos, approvals and the release's row: one statement, so all of it or none.
 * Written twice it is written once; an older view never overwrites a newer one.
 */
export async function writeJournal(database: PrismaClient, { release, events, view, undo }: JournalEntry): Promise<void> {
  const undos = undo.map((entry) => ({ id: entry.id, position: view.undo.findIndex(({ id }) => id === entry.id), entry, state: entry.state }))
  const approvals = view.approvals.map((approval) => ({ id: approval.id, status: approval.status, view: approval, requested_at: approval.requestedAt, expires_at: approval.expiresAt }))
  const ended = isEnding(view.status)
  await database.$executeRaw`
    WITH release AS (
      INSERT INTO "Release" ("id", "tenant", "project", "environment", "version", "planName", "bundle", "requestedBy", "status", "reason", "concurrencyKey",
                             "requestDigest", "input", "view", "sequence", "workflowStarted", "acceptedAt", "startedAt", "endedAt")
      VALUES (${release.releaseId}, ${release.tenant}, ${release.project}, ${release.environment}, ${release.version}, ${view.plan.name}, ${release.bundle},
              ${release.requestedBy}, ${view.status}, ${view.reason}, ${view.concurrency.key}, '', '{}'::jsonb, ${JSON.stringify(view)}::jsonb, ${view.sequence}, true,
              ${view.acceptedAt}::timestamptz AT TIME ZONE 'UTC', ${view.startedAt}::timestamptz AT TIME ZONE 'UTC', ${view.endedAt}::timestamptz AT TIME ZONE 'UTC')
      ON CONFLICT ("id") DO UPDATE SET "status" = EXCLUDED."status", "reason" = EXCLUDED."reason", "view" = EXCLUDED."view", "sequence" = EXCLUDED."sequence",
        "workflowStarted" = true, "startedAt" = EXCLUDED."startedAt", "endedAt" = EXCLUDED."endedAt"
      WHERE "Release"."sequence" <= EXCLUDED."sequence"
    ), event AS (
      INSERT INTO "Event" ("releaseId", "sequence", "at", "type", "stage", "job", "message", "data")
      SELECT ${release.releaseId}, e.sequence, e.at AT TIME ZONE 'UTC', e.type, e.stage, e.job, e.message, coalesce(e.data, 'null'::jsonb)
      FROM jsonb_to_recordset(${JSON.stringify(events)}::jsonb) AS e(sequence int, at timestamptz, type text, stage text, job text, message text, data jsonb)
      ON CONFLICT DO NOTHING
    ), undo AS (
      INSERT INTO "Undo" ("releaseId", "id", "position", "entry", "state")
      SELECT ${release.releaseId}, u.id, u.position, u.entry, u.state
      FROM jsonb_to_recordset(${JSON.stringify(undos)}::jsonb) AS u(id text, position int, entry jsonb, state text)
      ON CONFLICT ("releaseId", "id") DO UPDATE SET "entry" = EXCLUDED."entry", "state" = EXCLUDED."state"
    )
    INSERT INTO "Approval" ("releaseId", "id", "tenant", "status", "view", "requestedAt", "expiresAt")
    SELECT ${release.releaseId}, a.id, ${release.tenant}, CASE WHEN ${ended} AND a.status = 'pending' THEN 'expired' ELSE a.status END, a.view,
           a.requested_at AT TIME ZONE 'UTC', a.expires_at AT TIME ZONE 'UTC'
    FROM jsonb_to_recordset(${JSON.stringify(approvals)}::jsonb) AS a(id text, status text, view jsonb, requested_at timestamptz, expires_at timestamptz)
    ON CONFLICT ("releaseId", "id") DO UPDATE SET "status" = EXCLUDED."status", "view" = EXCLUDED."view"`
}

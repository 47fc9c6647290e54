import type { JournalEntry } from '../domain/release.js'
import { failure } from '../domain/failures.js'
import type { PrismaClient } from '../store/generated/client.js'
import { writeJournal } from '../store/journal.js'

export const createJournalActivities = ({ database }: { database: PrismaClient }) => ({
  /** One transaction, idempotent by (releaseId, sequence). @throws UNAVAILABLE when the database does not take it */
  async journal(entry: JournalEntry): Promise<void> {
    try { await writeJournal(database, entry) } catch (error) {
      throw failure('UNAVAILABLE', `the journal of ${entry.release.releaseId} was not written: ${error instanceof Error ? error.message.trim().split('\n').at(-1) ?? '' : String(error)}`)
    }
  },
})

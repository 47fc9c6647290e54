import type { LogKey } from '../store/logs.js'
import type { JobCall } from './contract.js'

/** Where a job's log is kept. What an undo or a dry run writes is a log of its own: its offsets begin at 0 again. */
export const logKey = ({ release, job, attempt, idempotencyKey, target }: JobCall, key = idempotencyKey): LogKey => {
  const named = target === null ? job : `${job}@${target.name}`
  const part = key.slice(idempotencyKey.length).split('/')[1]
  return { releaseId: release.releaseId, job: part === undefined ? named : `${named} (${part === 'rollback' ? 'undo' : part})`, attempt }
}

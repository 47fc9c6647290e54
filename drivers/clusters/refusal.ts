import type { Said } from './kube-connection.js'
import type { RefusedBecause, Refusal } from './port.js'

interface Cause { reason?: string; message?: string; field?: string }

/** What the API said no to, read from its Status object (Kubernetes API conventions, "Response Status Kind"). */
export function refusal({ status, body, text }: Said): Refusal {
  const message = typeof body['message'] === 'string' ? body['message'] : text.slice(0, 300) || `status ${status}`
  const details = (body['details'] ?? {}) as { kind?: string; causes?: Cause[] }
  const conflicts = (details.causes ?? []).filter(({ reason }) => reason === 'FieldManagerConflict')
    .map(({ message: said = '', field = '' }) => ({ manager: /"([^"]*)"/u.exec(said)?.[1] ?? said, field }))
  return { refused: true, why: because(status, body['reason'], message, details.kind, conflicts.length > 0), reason: message, conflicts }
}

function because(status: number, reason: unknown, message: string, kind: string | undefined, isConflict: boolean): RefusedBecause {
  switch (status) {
    case 401: return 'forbidden'
    case 403: return message.includes('exceeded quota') ? 'quota' : 'forbidden'
    case 404: return kind === 'namespaces' ? 'noNamespace' : 'missing'
    case 409: return isConflict ? 'conflict' : reason === 'AlreadyExists' ? 'exists' : 'stale'
    case 422: return /immutable|updates to statefulset spec for fields other than|pod updates may not change/u.test(message) ? 'immutable' : 'invalid'
    case 400: case 500: return 'invalid'
    default: return 'other'
  }
}

export const refusedAs = (why: RefusedBecause, reason: string): Refusal => ({ refused: true, why, reason, conflicts: [] })

import { STATUS_CODES } from 'node:http'
import { Type, type Static } from 'typebox'
import type { ApplicationFailure } from '@temporalio/common'
import { failure, type FailureCode } from '../domain/failures.js'

/** One thing that is wrong with what was sent. Issues of plan files have a code, a severity and a place; lines and columns count from 1. */
export const Issue = Type.Object({
  path: Type.String({ description: 'where: stages.0.jobs.1.config.url' }),
  message: Type.String(),
  code: Type.Optional(Type.String()),
  severity: Type.Optional(Type.String({ description: 'error or warning' })),
  file: Type.Optional(Type.String()),
  line: Type.Optional(Type.Integer()),
  column: Type.Optional(Type.Integer()),
  length: Type.Optional(Type.Integer()),
  suggestion: Type.Optional(Type.String()),
})
export type Issue = Static<typeof Issue>

/** The body of every error: RFC 9457, `application/problem+json`. Match on `code`; it never changes. */
export const Problem = Type.Object({
  type: Type.String({ description: 'urn:releasectl:problem:<code>' }),
  title: Type.String({ description: 'what the HTTP status means' }),
  status: Type.Integer(),
  code: Type.String({ description: 'a failure code, such as PLAN_INVALID; INTERNAL for a bug' }),
  detail: Type.String({ description: 'what is wrong, with the values that disagree' }),
  message: Type.String({ description: 'the same as detail' }),
  issues: Type.Optional(Type.Array(Issue)),
  requestId: Type.String({ description: 'finds this request in the log' }),
}, { description: 'RFC 9457 problem' })
export type Problem = Static<typeof Problem>

/** A failure with everything that is wrong, not only the first. */
export function invalid(code: FailureCode, message: string, issues: readonly Issue[]): ApplicationFailure {
  return Object.assign(failure(code, message), { details: [...issues] })
}

export function problem(status: number, code: string, message: string, requestId: string, issues?: Issue[]): Problem {
  return {
    type: `urn:releasectl:problem:${code}`, title: STATUS_CODES[status] ?? 'Error', status, code, detail: message, message,
    ...(issues && issues.length > 0 && { issues }), requestId,
  }
}

/** Error answers of a route, for its `response` schema. */
export const problems = <const Status extends number>(...statuses: Status[]): Record<Status | 401 | 403 | 503, typeof Problem> =>
  Object.fromEntries([401, 403, 503, ...statuses].map((status) => [status, Problem])) as Record<Status | 401 | 403 | 503, typeof Problem>

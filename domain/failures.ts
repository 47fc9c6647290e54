import { ApplicationFailure } from '@temporalio/common'

/** Every failure the service reports. A code is public: add one, never rename one. */
export const FAILURES = {
  REQUEST_INVALID:       { retryable: false, httpStatus: 400 },
  UNAUTHENTICATED:       { retryable: false, httpStatus: 401 },
  FORBIDDEN:             { retryable: false, httpStatus: 403 },
  NOT_FOUND:             { retryable: false, httpStatus: 404 },
  RELEASE_NOT_FOUND:     { retryable: false, httpStatus: 404 },
  RELEASE_CONFLICT:      { retryable: false, httpStatus: 409 }, // the release's state does not admit it
  CONFLICT:              { retryable: false, httpStatus: 409 }, // a record of that name is there, or others depend on it
  IDEMPOTENCY_CONFLICT:  { retryable: false, httpStatus: 409 }, // same key, another body
  LOCK_REFUSED:          { retryable: false, httpStatus: 409 },
  APPROVAL_REJECTED:     { retryable: false, httpStatus: 409 },
  APPROVAL_EXPIRED:      { retryable: false, httpStatus: 409 },
  TOO_LARGE:             { retryable: false, httpStatus: 413 },
  PLAN_INVALID:          { retryable: false, httpStatus: 422 },
  CONFIG_INVALID:        { retryable: false, httpStatus: 422 }, // a job's config, once its late values are known
  SECRET_MISSING:        { retryable: false, httpStatus: 422 },
  CRITERIA_NOT_MET:      { retryable: false, httpStatus: 409 },
  TARGETS_FAILED:        { retryable: false, httpStatus: 409 }, // more targets of a stage failed than its strategy admits
  CHECK_FAILED:          { retryable: false, httpStatus: 409 }, // a health check or script said no
  TIMED_OUT:             { retryable: false, httpStatus: 504 },
  TARGET_REFUSED:        { retryable: false, httpStatus: 502 }, // it answered no
  TARGET_UNREACHABLE:    { retryable: true,  httpStatus: 502 }, // it did not answer
  TARGET_NOT_READY:      { retryable: true,  httpStatus: 502 }, // the side that should carry traffic does not answer yet
  UNDO_FAILED:           { retryable: false, httpStatus: 500 },
  UNAVAILABLE:           { retryable: true,  httpStatus: 503 }, // a part of releasectl itself is down
} as const satisfies Record<string, { retryable: boolean; httpStatus: number }>
export type FailureCode = keyof typeof FAILURES

export const isFailureCode = (type: unknown): type is FailureCode => typeof type === 'string' && Object.hasOwn(FAILURES, type)

/** The only way to make a failure, so that code and retry rule cannot drift apart. The message holds no secret. */
export function failure(code: FailureCode, message: string, cause?: Error): ApplicationFailure {
  return ApplicationFailure.create({ type: code, message, nonRetryable: !FAILURES[code].retryable, ...(cause && { cause }) })
}

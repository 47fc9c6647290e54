import { ApplicationFailure, TemporalFailure } from '@temporalio/common'
import { isFailureCode } from '../domain/failures.js'
import type { Redactor } from './redaction.js'

/** A failure keeps its code, an unknown error its name: it is a bug and must be seen. Neither's text holds a secret after this. */
export function redacted(error: unknown, redactor: Redactor): unknown {
  if (error instanceof ApplicationFailure && isFailureCode(error.type)) {
    return ApplicationFailure.create({ type: error.type, message: redactor.text(error.message), nonRetryable: error.nonRetryable ?? false })
  }
  if (!(error instanceof Error) || error instanceof TemporalFailure) return error
  error.message = redactor.text(error.message)
  if (error.stack !== undefined) error.stack = redactor.text(error.stack)
  delete error.cause
  return error
}

import { ApplicationFailure, isCancellation, rootCause, TemporalFailure } from '@temporalio/workflow'
import type { FailureCode } from '../domain/failures.js'

/** A bug parks the release: it undoes nothing, and a fixed worker goes on. Everything else is a failure of the release. */
export function mustBeFailure(error: unknown): asserts error is TemporalFailure {
  if (!(error instanceof TemporalFailure)) throw error
}

export const isStopped = (error: unknown): boolean => isCancellation(error)

/** The failure code at the bottom of it, if one of ours is. */
export function codeOf(error: unknown): FailureCode | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ApplicationFailure && cause.type) return cause.type as FailureCode
  }
  return null
}

export const reasonOf = (error: unknown): string => rootCause(error) ?? String(error)

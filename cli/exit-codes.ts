import type { FailureCode } from '../domain/failures.js'
import type { Ending } from '../domain/release.js'

/** What a script sees. Public: docs and `--help` list them. */
export const EXIT = { succeeded: 0, failed: 1, usage: 2, rolledBack: 3, refused: 4, interrupted: 130 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The exit code of a release that was watched to its end. Cancelled and superseded count as failed: the version is not out. */
export function exitCodeOfEnding(status: Ending): ExitCode {
  switch (status) {
    case 'succeeded': return EXIT.succeeded
    case 'rolled_back': return EXIT.rolledBack
    case 'rejected': case 'expired': return EXIT.refused
    case 'failed': case 'cancelled': case 'superseded': return EXIT.failed
  }
}

const USAGE: ReadonlySet<string> = new Set<FailureCode>(['REQUEST_INVALID', 'PLAN_INVALID', 'CONFIG_INVALID', 'SECRET_MISSING', 'TOO_LARGE'])
/** 2 when other input would help, 1 otherwise. */
export const exitCodeOfFailure = (code: string | null | undefined): ExitCode => USAGE.has(code ?? '') ? EXIT.usage : EXIT.failed

export const EXIT_HELP = `
Exit codes: 0 succeeded, 1 failed (also cancelled, superseded, or the server said no), 2 usage or invalid plan,
3 rolled back, 4 rejected or expired, 130 stopped watching with Ctrl-C (the release goes on).`

/** Every no of the gateway, by its public code: add one, never rename one. */
export const PROBLEMS = {
  REQUEST_INVALID: 400,
  UNAUTHENTICATED: 401,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  REQUEST_TIMEOUT: 408, // the client stopped sending its body
  LISTEN_CONFLICT: 409, // another route has that port, host and path
  PORT_UNAVAILABLE: 409,
  CHANGED: 412, // If-Match named another revision
  TOO_LARGE: 413,
  STATE_NOT_WRITTEN: 500,
  UPGRADE_UNSUPPORTED: 501,
  UPSTREAM_UNREACHABLE: 502,
  NO_SIDE: 503,
  UPSTREAM_TIMEOUT: 504,
} as const satisfies Record<string, number>
export type ProblemCode = keyof typeof PROBLEMS

/** A request the control port turns down. The message names the thing and what is allowed. */
export class EdgeProblem extends Error {
  readonly code: ProblemCode
  constructor(code: ProblemCode, message: string) {
    super(message)
    this.code = code
  }
}

/** The one body of every error: `{ code, message }`. */
export const problemBody = (code: ProblemCode, message: string): Buffer => Buffer.from(`${JSON.stringify({ code, message })}\n`)

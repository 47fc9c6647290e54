import { ApplicationFailure } from '@temporalio/common'
import { formatDuration } from '../../domain/duration.js'
import { failure } from '../../domain/failures.js'

const WORDS_CHARACTERS = 600
/** The engine or the registry could not be asked, or is on its way down or up: another time it may be. */
const NO_ANSWER = /connection refused|connection reset|i\/o timeout|TLS handshake timeout|no such host|unexpected EOF|: EOF$|server misbehaving|Client\.Timeout|context deadline exceeded|context canceled|network is unreachable|no route to host|toomanyrequests|too many requests|received unexpected HTTP status: 5|shutting down|removal of container \S+ is already in progress|broken pipe|error during connect|transport is closing/i
const NO_SPACE = /no space left on device|disk quota exceeded/i
const NO_LOGIN = /unauthorized|no basic auth credentials|authentication required|incorrect username or password|access denied|access to the resource is denied/i
/** The other side is there and is not to be trusted, or does not trust us. */
const UNTRUSTED = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|EPROTO)/

interface Answer { statusCode?: number; code?: string; message?: string }

/** What a call to an engine came to, as a failure. `doing`: `pull app:v1`. `waitedMs`: how long, when that was the end of it. */
export function engineFailure(error: unknown, where: string, doing: string, waitedMs: number | null = null): Error {
  if (error instanceof ApplicationFailure) return error
  const { statusCode, code = '', message = String(error) } = error as Answer
  if (statusCode !== undefined) return refusal(message.replace(/^\(HTTP code \d+\) unexpected - /, ''), where, doing, statusCode)
  if (waitedMs !== null) return failure('TARGET_UNREACHABLE', `engine ${where} did not answer within ${formatDuration(waitedMs)}: ${doing}`)
  if (code === 'EACCES') return failure('TARGET_REFUSED', `engine ${where}: this worker may not use it: ${doing}: ${message}`)
  if (UNTRUSTED.test(code)) return failure('TARGET_REFUSED', `engine ${where}: no trust between us: ${doing}: ${code}: ${message}`)
  return failure('TARGET_UNREACHABLE', `engine ${where} did not answer: ${doing}: ${code === '' || message.includes(code) ? message : `${code}: ${message}`}`)
}

/** It answered no, for a registry or for itself. */
export function refusal(words: string, where: string, doing: string, statusCode?: number): Error {
  const said = words.trim().slice(0, WORDS_CHARACTERS)
  if (NO_SPACE.test(said)) return failure('TARGET_REFUSED', `the disk of engine ${where} is full: ${doing}: ${said}`)
  if (statusCode === 503 || NO_ANSWER.test(said)) return failure('TARGET_UNREACHABLE', `engine ${where} could not ${doing}: ${said}`)
  const why = NO_LOGIN.test(said) ? 'the registry does not let this login in' : 'refused'
  return failure('TARGET_REFUSED', `engine ${where} could not ${doing}: ${why}: ${said}`)
}

/** Of an answer with a status, that; null: there was no answer. */
export const statusOf = (error: unknown): number | null => (error as Answer).statusCode ?? null

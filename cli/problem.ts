import { ApplicationFailure } from '@temporalio/common'
import { FAILURES, failure, isFailureCode, type FailureCode } from '../domain/failures.js'
import { isObject } from '../domain/json.js'

/** An error answer of the API (RFC 9457) as a failure: its issues one a line, then what to do about it. */
export function problemOf(status: number, body: unknown, what: string): ApplicationFailure {
  const problem = isObject(body) ? body : {}
  const text = [problem['message'], problem['detail'], problem['title']].find((one): one is string => typeof one === 'string' && one !== '') ?? `HTTP ${status}`
  const issues = Array.isArray(problem['issues']) ? problem['issues'].filter(isObject).map(issueLine) : []
  const code = isFailureCode(problem['code']) ? problem['code'] : codeOfStatus(status)
  return failure(code, [`${text} (${what})`, ...issues, ...hintOf(code)].join('\n'))
}

/** First line: what is wrong and where. The lines after it: details and what to do. */
export function linesOfError(error: unknown): { code: string | null; lines: string[] } {
  if (error instanceof ApplicationFailure) return { code: error.type ?? null, lines: error.message.split('\n') }
  return { code: null, lines: [`unexpected: ${error instanceof Error ? error.message : String(error)}`, 'this is a bug of releasectl: run again with --debug to see where'] }
}

const issueLine = (issue: Record<string, unknown>): string => {
  const place = [issue['file'], issue['line'], issue['column']].filter((part) => typeof part === 'string' || typeof part === 'number').join(':')
  const [path, message, hint] = [issue['path'], issue['message'], issue['suggestion'] ?? issue['hint']].map((part) => typeof part === 'string' ? part : '')
  return `${[place, path].filter((part) => part !== '').join('  ')}: ${message ?? ''}${hint === '' ? '' : ` (${hint ?? ''})`}`
}

const codeOfStatus = (status: number): FailureCode =>
  (Object.keys(FAILURES) as FailureCode[]).find((code) => FAILURES[code].httpStatus === status) ?? (status >= 500 ? 'UNAVAILABLE' : 'REQUEST_INVALID')

function hintOf(code: FailureCode): string[] {
  switch (code) {
    case 'UNAUTHENTICATED': return ['set RELEASECTL_TOKEN, or tokenFile in ~/.releasectl.yaml']
    case 'FORBIDDEN': return ['`releasectl doctor` tells the role of your token']
    case 'RELEASE_NOT_FOUND': return ['`releasectl list` shows the releases there are']
    default: return []
  }
}

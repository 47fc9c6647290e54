import type { Place } from './node.js'

/** Every issue a plan can have. A code is public: add one, never rename one. The text is for docs/plan.md. */
export const ISSUES = {
  YAML_SYNTAX: 'the text is not YAML, or uses what plans have no need of (tags, several documents)',
  DUPLICATE_KEY: 'a map names a key twice',
  BAD_KEY: 'a key is no plain text',
  NOT_A_MAP: 'a file is empty, a list or a single value',
  TOO_LARGE: 'a limit is passed: of a file, nesting, values, references, jobs or the compiled plan',
  UNKNOWN_KEY: 'a key that is not known here',
  MISSING_KEY: 'a key that must be given',
  WRONG_TYPE: 'a value of another type',
  WRONG_VALUE: 'not one of the values that are allowed',
  OUT_OF_RANGE: 'a number, text or list that is too small or too large',
  BAD_FORMAT: 'a text that is not written as it must be',
  BAD_DURATION: 'no duration such as 90s or 1h30m',
  BAD_THRESHOLD: 'no threshold such as "<1%"',
  BAD_URL: 'no http or https URL',
  BAD_TIME: 'no date and time such as 2026-03-01T08:00:00Z, no time zone, no time of day',
  BAD_EXPRESSION: 'a condition that is no CEL, or not true or false',
  CONFIG_INVALID: 'a rule of the job kind that its schema cannot say',
  NOT_IN_THIS_BUILD: 'known to the plan language, but not in this build',
  UNKNOWN_KIND: 'a job type this build does not have',
  INCLUDE_NOT_FOUND: 'an include the bundle does not hold',
  INCLUDE_OUTSIDE: 'an include outside the bundle',
  INCLUDE_CYCLE: 'files that include each other',
  REFERENCE_SYNTAX: 'a ${ without its }, or no path between them',
  REFERENCE_NOT_FOUND: 'a reference to what is not there',
  REFERENCE_CYCLE: 'values that refer to each other',
  REFERENCE_NOT_TEXT: 'a map or a list in the middle of a text',
  REFERENCE_TOO_EARLY: 'an output of a job that cannot be done by then',
  UNKNOWN_JOB: 'no job of that name',
  LATE_VALUE: 'a secret or an output where the value must be known before the release starts',
  ENV_MISSING: 'an environment variable the release was not given',
  VARIABLE_INVALID: 'a variable whose value is not of its type',
  VARIABLE_REQUIRED: 'a variable that nothing gives a value',
  UNKNOWN_SECRET_SOURCE: 'a place for secrets this build cannot read',
  LITERAL_SECRET: 'a secret written out in the plan',
  SECRET_IN_CONDITION: 'a condition that reads a secret',
  DUPLICATE_NAME: 'two stages or two jobs of one name',
  DEPENDENCY_CYCLE: 'jobs that wait for each other',
  DEPENDENCY_LATER: 'a job that waits for one that comes after it',
  QUORUM_UNREACHABLE: 'more approvals than there are approvers',
  UNKNOWN_WINDOW: 'no release window of that name',
  LITERAL_NOT_INTERPOLATED: 'warning: a reference in a script, where none is filled in',
  TARGET_VARIABLE_HIDDEN: 'warning: a variable that hides what each target is called by itself',
  APPROVAL_UNUSED: 'warning: approvers of a stage that says requireApproval: false',
} as const
export type IssueCode = keyof typeof ISSUES

/** One thing wrong with a plan. `line` and `column` count from 1; `path` is where in `file` it is written. */
export interface Issue {
  code: IssueCode
  severity: 'error' | 'warning'
  file: string
  path: string
  line: number
  column: number
  /** Characters to mark from `column` on, within the line; at least 1. */
  length: number
  message: string
  suggestion?: string
}

/** Collects issues by place; turns offsets into lines at the end. */
export class IssueList {
  readonly #issues: { code: IssueCode; severity: Issue['severity']; place: Place; message: string; suggestion: string | undefined }[] = []
  #errors = 0

  get errors(): number { return this.#errors }

  add(code: IssueCode, place: Place, message: string, suggestion?: string): void {
    this.#errors += 1
    this.#issues.push({ code, severity: 'error', place, message, suggestion })
  }

  warn(code: IssueCode, place: Place, message: string, suggestion?: string): void {
    this.#issues.push({ code, severity: 'warning', place, message, suggestion })
  }

  /** An empty list, for a trial. */
  fresh(): IssueList { return new IssueList() }

  /** Take over what a trial found. */
  addAll(other: IssueList): void {
    this.#issues.push(...other.#issues)
    this.#errors += other.#errors
  }

  /** Each once, sorted by file, line, column, code. */
  toIssues(texts: Map<string, string>): Issue[] {
    const lines = new Map([...texts].map(([file, text]) => [file, lineStarts(text)]))
    const issues = this.#issues.map(({ code, severity, place, message, suggestion }): Issue => {
      const starts = lines.get(place.file) ?? [0]
      const line = lineOf(starts, place.start)
      const lineEnd = (starts[line] ?? (texts.get(place.file)?.length ?? 0) + 1) - 1
      const length = Math.max(1, Math.min(place.end, lineEnd) - place.start)
      return { code, severity, file: place.file, path: place.path, line, column: place.start - (starts[line - 1] ?? 0) + 1, length, message, ...(suggestion !== undefined && { suggestion }) }
    })
    const unique = new Map(issues.map((issue) => [JSON.stringify([issue.code, issue.file, issue.line, issue.column, issue.message]), issue]))
    return [...unique.values()].sort(byPlace)
  }
}

const byPlace = (a: Issue, b: Issue): number =>
  compare(a.file, b.file) || a.line - b.line || a.column - b.column || compare(a.code, b.code) || compare(a.message, b.message)
const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** The 1-based line an offset lies in. */
function lineOf(starts: readonly number[], offset: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((starts[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return low + 1
}

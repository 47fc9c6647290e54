import { noResults, type TestResults } from './results.js'

const LINE = /^(not )?ok\b(?:\s+(\d+))?(?:\s+-)?\s?(.*)$/
const PLAN = /^1\.\.(\d+)\s*(?:#\s*(.*))?$/
const MESSAGE_CHARACTERS = 300

/** Does a text look like TAP at all? */
export const isTap = (text: string): boolean => /^(?:TAP version \d+\s*$|1\.\.\d+|(?:not )?ok\b)/m.test(text)

/**
 * TAP 13 and 14 (testanything.org): the top level only, as a subtest's result is its parent's line. `# SKIP` is skipped; a failed
 * `# TODO` is no failure and counts as skipped. A plan that was not kept, or a bail out, breaks the whole.
 */
export function readTap(text: string): TestResults {
  const results = noResults()
  let planned: number | null = null
  let seen = 0
  let inYaml = false
  for (const line of text.split(/\r?\n/)) {
    if (inYaml) { // what follows a test line, indented, between --- and ...
      inYaml = !/^\s+\.\.\.\s*$/.test(line)
      note(results, line)
    } else if (/^\s+---\s*$/.test(line)) inYaml = true
    else if (/^Bail out!/i.test(line)) { results.broken.push(line.trim()); break }
    else {
      const plan = PLAN.exec(line)
      if (plan) planned = Number(plan[1])
      const point = LINE.exec(line)
      if (!point) continue
      seen += 1
      count(results, point[1] !== undefined, point[3] ?? '', seen)
    }
  }
  if (results.broken.length > 0) return results
  if (planned === null) results.broken.push(`no plan (1..N): it was cut off, or is no TAP`)
  else if (planned !== seen) results.broken.push(`${planned} tests were planned, ${seen} ran`)
  return results
}

function count(results: TestResults, isNot: boolean, rest: string, nth: number): void {
  const [, description = '', directive] = /^(.*?)(?:(?<!\\)#\s*(SKIP\S*|TODO)\b.*)?$/i.exec(rest) ?? []
  const name = description.replaceAll('\\#', '#').replaceAll('\\\\', '\\').trim() || `test ${nth}`
  const isSkipped = directive !== undefined && (/^skip/i.test(directive) || isNot)
  if (isSkipped) results.skipped += 1
  else if (isNot) {
    results.failed += 1
    results.failures.push({ name, message: '' })
  } else results.passed += 1
}

/** `duration_ms` counts, a `message` says why the last one failed. */
function note(results: TestResults, line: string): void {
  const [, key = '', value = ''] = /^\s+(duration_ms|message|error):\s*(.+)$/.exec(line) ?? []
  const last = results.failures.at(-1)
  if (key === 'duration_ms') results.durationMs += Math.round(Number(value)) || 0
  else if (key !== '' && last?.message === '' && !/^[|>]-?$/.test(value)) last.message = value.replace(/^(['"])(.*)\1$/, '$2').slice(0, MESSAGE_CHARACTERS)
}

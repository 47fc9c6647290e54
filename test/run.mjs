// npm test: every check of the project, two lanes for two cores, ended by one line: `N passed, N failed`.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const quick = process.argv.includes('--quick')
const reports = mkdtempSync(join(tmpdir(), 'releasectl-test-'))

/** One tool is one check; its output is shown when it fails. */
const tool = (name, ...command) => async () => {
  const { code, output, seconds } = await run(command, false)
  console.log(`${code === 0 ? '✓' : '✗'} ${name} (${seconds} s)`)
  if (code !== 0) console.log(output)
  return code === 0 ? { passed: 1, failed: 0, why: [] } : { passed: 0, failed: 1, why: [`${name}: ${firstLine(output)}`] }
}

/** A vitest project; counts its tests, and itself when it could not run them. */
const tests = (project) => async () => {
  const report = join(reports, `${project}.json`)
  const { code, seconds } = await run(['vitest', 'run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`], true)
  const { numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped, testResults } = readReport(report)
  const unable = testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0).length
  const none = passed + failed === 0
  const bad = failed + unable + skipped || (code !== 0 || none ? 1 : 0) // a skipped test has not passed
  console.log(`${bad === 0 ? '✓' : '✗'} ${project}: ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}${unable > 0 ? `, ${unable} files did not load` : ''} (${seconds} s)`)
  return { passed, failed: bad, why: testResults.flatMap((file) => whatFailed(project, file)) }
}

/** One line for each test that has not passed, and for a file that did not load: a log that was cut still ends with all of them. */
function whatFailed(project, { name, status, message, assertionResults }) {
  const file = relative(ROOT, name)
  if (status === 'failed' && assertionResults.length === 0) return [`${project}: ${file}: ${firstLine(message)}`]
  return assertionResults.filter(({ status: one }) => one !== 'passed').map(({ fullName, status: one, failureMessages }) => `${project}: ${file} > ${fullName}: ${firstLine(failureMessages?.join('\n') || one)}`)
}

const firstLine = (text) => text.trim().split('\n')[0].slice(0, 300)

function readReport(path) {
  try { return JSON.parse(readFileSync(path, 'utf8')) } catch { return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, testResults: [] } }
}

function run([command, ...args], show) {
  const started = Date.now()
  return new Promise((resolve) => {
    const [file, first] = command === 'bash' ? ['bash', []] : [process.execPath, [join(ROOT, 'node_modules', ENTRY[command])]]
    const child = spawn(file, [...first, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => { output += text; if (show) process.stdout.write(text) })
    child.on('close', (code) => resolve({ code, output, seconds: Math.round((Date.now() - started) / 1000) }))
  })
}
const ENTRY = { tsc: 'typescript/bin/tsc', eslint: 'eslint/bin/eslint.js', depcruise: 'dependency-cruiser/bin/dependency-cruise.mjs', vitest: 'vitest/vitest.mjs' }

const types = tool('types', 'tsc', '-p', '.', '--noEmit')
const lint = tool('lint', 'eslint', '.', '--cache', '--cache-location', 'node_modules/.cache/eslint/')
/** What is missing is installed first; what cannot be had fails here, by its name. */
const testbed = tool('testbed', 'bash', 'test/testbed/install.sh')
const doors = tool('doors', 'depcruise', '--config', '.dependency-cruiser.cjs', '.')
const steps = quick
  ? [[types, doors], [tests('unit')]]
  : [[types, doors, lint, testbed, tests('workflow')], [tests('unit'), tests('integration')]] // workflows need none of the testbed's bridges
const afterwards = quick ? [] : [tests('contract'), tests('e2e')]

const results = (await Promise.all(steps.map(inTurn))).flat()
results.push(...await inTurn(afterwards))
rmSync(reports, { recursive: true })
const sum = (key) => results.reduce((total, result) => total + result[key], 0)
for (const line of results.flatMap(({ why }) => why)) console.log(`✗ ${line}`)
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`)
process.exit(sum('failed') === 0 ? 0 : 1)

async function inTurn(list) {
  const all = []
  for (const step of list) all.push(await step())
  return all
}

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { STARTERS } from '../../cli/commands/init.js'
import { cli, emptyFolder } from './run-cli.js'

test.each(STARTERS)('init writes a %s plan that is valid as it is', async (kind) => {
  const folder = emptyFolder()
  const made = await cli(['init', 'first.yaml', '--kind', kind], { folder })
  expect([made.code, made.stdout.split('\n')[0]]).toEqual([0, `first.yaml written (${kind})`])
  expect(readFileSync(join(folder, 'first.yaml'), 'utf8')).toContain('releasectl validate first.yaml')
  const checked = await cli(['validate', 'first.yaml', '-o', 'json'], { folder })
  expect([checked.code, checked.stderr, JSON.parse(checked.stdout)]).toEqual([0, '', { valid: true, issues: [] }])
})

test('init does not overwrite a file unless it is told to', async () => {
  const folder = emptyFolder()
  writeFileSync(join(folder, 'release.yaml'), 'mine')
  const refused = await cli(['init'], { folder })
  expect([refused.code, refused.stderr]).toEqual([2, 'error: release.yaml is there already\n  --force overwrites it\n'])
  expect(readFileSync(join(folder, 'release.yaml'), 'utf8')).toBe('mine')
  expect((await cli(['init', '--force'], { folder })).code).toBe(0)
  expect(readFileSync(join(folder, 'release.yaml'), 'utf8')).toContain('kind: ReleasePlan')
})

const BAD = `apiVersion: devops.release/v1
kind: ReleasePlan
metadata: { name: shop, version: 1.0.0 }
includes: [{ path: ./common.yaml }]
stages:
  - name: ship
    jobs:
      - nmae: tests
        type: script
        config: { script: "\${includes.common.script}" }
`

test('validate names every issue with its place, in included files too, and exits with 2', async () => {
  const folder = emptyFolder()
  writeFileSync(join(folder, 'release.yaml'), BAD)
  writeFileSync(join(folder, 'common.yaml'), 'script: echo hi\nscript: twice\n')
  const { code, stdout } = await cli(['validate', 'release.yaml', '-o', 'json'], { folder })
  const answer = JSON.parse(stdout) as { valid: boolean; issues: { code: string; file: string; line: number }[] }
  expect([code, answer.valid]).toEqual([2, false])
  expect(answer.issues).toContainEqual({ code: 'DUPLICATE_KEY', file: 'common.yaml', path: 'script', line: 2, column: 1, message: 'script is given twice' })
  expect(answer.issues).toContainEqual(expect.objectContaining({ code: 'UNKNOWN_KEY', file: 'release.yaml', line: 8, column: 9, suggestion: 'did you mean "name"?' }))
  for (const issue of answer.issues) expect(Object.keys(issue).filter((key) => key !== 'suggestion')).toEqual(['code', 'file', 'path', 'line', 'column', 'message'])
})

test('validate reads variables as a release would', async () => {
  const folder = emptyFolder()
  writeFileSync(join(folder, 'release.yaml'), BAD.replace('nmae', 'name').replace('includes: [{ path: ./common.yaml }]', 'variables: { n: { type: number, default: 1 } }').replace('${includes.common.script}', 'echo'))
  expect((await cli(['validate', 'release.yaml', '--var', 'n=2'], { folder })).code).toBe(0)
  const { code, stdout } = await cli(['validate', 'release.yaml', '--var', 'n=two', '-o', 'json'], { folder })
  expect([code, (JSON.parse(stdout) as { issues: { code: string }[] }).issues.map((issue) => issue.code)]).toEqual([2, ['VARIABLE_INVALID']])
})

test('validate of a file outside YAML, of a missing one and of a binary one says which', async () => {
  const folder = emptyFolder()
  writeFileSync(join(folder, 'bin.yaml'), Buffer.from([0, 1, 2]))
  expect((await cli(['validate', 'bin.yaml'], { folder })).stderr).toMatch(/^error: bin\.yaml \(named by bin\.yaml\) is a binary file/)
  const missing = await cli(['validate', 'none.yaml'], { folder })
  expect([missing.code, missing.stderr]).toEqual([2, 'error: none.yaml: no such file\n  `releasectl init` writes a first plan\n'])
})

test('version answers with --version too, as text and as JSON', async () => {
  const own = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version
  expect((await cli(['--version'])).stdout).toBe(`releasectl ${own} (Node ${process.versions.node})\n`)
  expect(JSON.parse((await cli(['version', '-o', 'json'])).stdout)).toEqual({ releasectl: own, node: process.versions.node })
})

test('kinds are known without a server', async () => {
  const kinds = JSON.parse((await cli(['kinds', 'list', '-o', 'json'])).stdout) as { name: string }[]
  expect(kinds.map(({ name }) => name)).toEqual(expect.arrayContaining(['rollout', 'script', 'validation']))
  expect((await cli(['kinds', 'info', 'health_check'])).stdout).toContain('validation (also health_check)')
  expect((await cli(['kinds', 'info', 'skript'])).stderr).toContain('error: no kind skript; there are: rollout, ')
})

test('validate marks what is wrong in the line it stands in', async () => {
  const folder = emptyFolder()
  writeFileSync(join(folder, 'release.yaml'), BAD.replace('includes: [{ path: ./common.yaml }]\n', '').replace('${includes.common.script}', 'echo'))
  const { code, stdout } = await cli(['validate', 'release.yaml'], { folder })
  expect(code).toBe(2)
  expect(stdout).toContain('      - nmae: tests\n      |         ^')
  expect(stdout).toContain('did you mean "name"?')
})

test('explain and run --dry-run say what a plan does and what would be undone, without a server too', async () => {
  const folder = emptyFolder()
  await cli(['init'], { folder })
  const explained = await cli(['explain', 'release.yaml', '-e', 'staging', '-p', 'hello'], { folder })
  expect(explained.code).toBe(0)
  expect(explained.stdout).toContain('10 % for 30s')
  expect(explained.stdout).toContain('if it is taken back:\n  1. the traffic rollout shifted')
  const dry = await cli(['run', 'release.yaml', '--dry-run', '-e', 'staging', '-p', 'hello'], { folder })
  expect([dry.code, dry.stdout.startsWith(explained.stdout.trimEnd())]).toEqual([0, true])
  expect(dry.stdout).toContain('what would change is not known: no server')
  const json = JSON.parse((await cli(['explain', 'release.yaml', '-o', 'json'], { folder })).stdout) as { stages: { name: string }[] }
  expect(json.stages.map(({ name }) => name)).toEqual(['prepare', 'ship'])
})

test('explain of an invalid plan is its issues and exit 2', async () => {
  const folder = emptyFolder()
  writeFileSync(join(folder, 'release.yaml'), BAD)
  const { code, stdout } = await cli(['explain', 'release.yaml', '-o', 'json'], { folder })
  expect([code, (JSON.parse(stdout) as { valid: boolean }).valid]).toEqual([2, false])
})

test('schema is JSON Schema that names every kind', async () => {
  const schema = JSON.parse((await cli(['schema'])).stdout) as { $schema: string; $defs: { job: { properties: { type: { enum: string[] } } } } }
  expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema')
  expect(schema.$defs.job.properties.type.enum).toContain('rollout')
})

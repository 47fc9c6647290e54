import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { collectBundle } from '../../cli/bundle.js'

/** A folder with these files. */
function folderOf(files: Record<string, string | Buffer>): string {
  const folder = mkdtempSync(join(tmpdir(), 'releasectl-bundle-'))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  return folder
}

test('a bundle holds the plan, its includes and theirs, and the files and folders they name, nothing else', () => {
  const folder = folderOf({
    'release.yaml': 'includes: [{ path: ./common/base.yaml }]\nstages: [{ jobs: [{ config: { script: ./run.sh, workDir: ./app } }] }]\n',
    'common/base.yaml': 'includes: [{ path: ../more.yaml }]\ntemplate: ./mail.md\n',
    'more.yaml': 'a: 1\n', 'common/mail.md': 'hello', 'run.sh': 'echo hi', 'app/a.txt': 'a', 'app/deep/b.txt': 'b', 'app/node_modules/x.js': 'x', 'app/.git/HEAD': 'ref',
    'secret.env': 'TOKEN=1', 'README.md': 'no',
  })
  const { entry, files } = collectBundle(join(folder, 'release.yaml'))
  expect(entry).toBe('release.yaml')
  expect(Object.keys(files).sort()).toEqual(['app/a.txt', 'app/deep/b.txt', 'common/base.yaml', 'common/mail.md', 'more.yaml', 'release.yaml', 'run.sh'])
  expect(files['app/deep/b.txt']).toBe('b')
})

test('of a file whose name is not known yet the bundle holds the folder', () => {
  const folder = folderOf({ 'release.yaml': 'valuesFile: "./k8s/values-${variables.stage}.yaml"\nother: "./${variables.x}"\n', 'k8s/values-prod.yaml': 'a: 1', 'k8s/values-test.yaml': 'a: 2', 'other.txt': 'no' })
  expect(Object.keys(collectBundle(join(folder, 'release.yaml')).files).sort()).toEqual(['k8s/values-prod.yaml', 'k8s/values-test.yaml', 'release.yaml'])
})

test('a file outside the plan\'s folder never gets into the bundle, neither by its name nor by a link', () => {
  const secret = join(folderOf({ 'key.txt': 'secret' }), 'key.txt')
  const folder = folderOf({ 'a/release.yaml': 'script: ./../../key.txt\n', 'b/release.yaml': 'script: ./link.txt\n', 'c/release.yaml': 'includes: [{ path: ../outside.yaml }]\n', 'outside.yaml': 'x: 1' })
  symlinkSync(secret, join(folder, 'b', 'link.txt'))
  expect(() => collectBundle(join(folder, 'a/release.yaml'))).toThrow(/names \.\/\.\.\/\.\.\/key\.txt: outside the plan's folder/)
  expect(() => collectBundle(join(folder, 'b/release.yaml'))).toThrow(/link\.txt \(named by release\.yaml\) links outside/)
  expect(Object.keys(collectBundle(join(folder, 'c/release.yaml')).files)).toEqual(['release.yaml'])
})

test('a binary file is refused by name', () => {
  const folder = folderOf({ 'release.yaml': 'script: ./tool\n', tool: Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0]) })
  expect(() => collectBundle(join(folder, 'release.yaml'))).toThrow(/^tool \(named by release\.yaml\) is a binary file/)
})

test('too many files and too many bytes are refused', () => {
  const many = folderOf({ 'release.yaml': 'workDir: ./app\n', ...Object.fromEntries(Array.from({ length: 501 }, (_, n) => [`app/${n}.txt`, 'x'])) })
  expect(() => collectBundle(join(many, 'release.yaml'))).toThrow(/names more than 500 files/)
  const big = folderOf({ 'release.yaml': 'workDir: ./app\n', 'app/a.txt': 'x'.repeat(6_000_000), 'app/b.txt': 'x'.repeat(6_000_000) })
  expect(() => collectBundle(join(big, 'release.yaml'))).toThrow(/b\.txt .* over 10 MiB together/)
})

test('a plan that is not there is said to be not there', () => {
  expect(() => collectBundle('/nowhere/release.yaml')).toThrow(/^\/nowhere\/release\.yaml: no such file/)
})

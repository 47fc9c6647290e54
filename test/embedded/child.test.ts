import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { Child, type ChildSpec } from '../../embedded/child.js'
import { LogFile } from '../../embedded/log-file.js'

const folder = mkdtempSync(join(tmpdir(), 'releasectl-child-'))
const children: Child[] = []
afterEach(async () => { await Promise.all(children.splice(0).map((child) => child.stop(true))) })
afterAll(() => { rmSync(folder, { recursive: true }) })

test('a child that is killed comes back as another process', async () => {
  const child = run('setInterval(() => {}, 1000)')
  await child.start()
  const first = child.pid
  child.kill('SIGKILL')
  await vi.waitFor(() => { expect(child.restarts).toBe(1); expect(child.pid).toBeDefined() }, 5000)
  expect(child.pid).not.toBe(first)
})

test('a child that cannot start is reported with the end of its log', async () => {
  const child = run('console.log("no such setting"); process.exit(3)', { isReady: async () => false })
  await expect(child.start()).rejects.toThrow(/part did not become ready[^]*no such setting/)
})

test('a program that is not there is reported by its name', async () => {
  const child = run('', { command: () => ({ file: '/nowhere/postgres', args: [], environment: {} }), isReady: async () => false })
  await expect(child.start()).rejects.toThrow('/nowhere/postgres ENOENT')
})

test('a child that is stopped may finish what it does, and stays ended', async () => {
  const file = join(folder, 'finished')
  const child = run(`process.on('SIGTERM', () => { setTimeout(() => { require('fs').writeFileSync('${file}', 'yes'); process.exit() }, 100) }); setInterval(() => {}, 1000); console.log('listening')`,
    { isReady: async () => readFileSync(join(folder, 'part.log'), 'utf8').includes('listening') })
  await child.start()
  await child.stop()
  expect(readFileSync(file, 'utf8')).toBe('yes')
  expect(child.pid).toBeUndefined()
})

test('a child that ignores its stop signal is killed after its grace', async () => {
  rmSync(join(folder, 'part.log'), { force: true })
  const child = run(`process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('listening')`,
    { graceMs: 200, isReady: async () => readFileSync(join(folder, 'part.log'), 'utf8').includes('listening') })
  await child.start()
  await child.stop()
  expect(child.pid).toBeUndefined()
})

test('what a dead child left in its group ends with it', async () => {
  const file = join(folder, 'grandchild')
  const child = run(`const c = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']); require('fs').writeFileSync('${file}', String(c.pid)); setInterval(() => {}, 1000)`,
    { isReady: async () => readFileSync(file, 'utf8') !== '' })
  await child.start()
  const grandchild = Number(readFileSync(file, 'utf8'))
  expect(lives(grandchild)).toBe(true)
  await child.stop(true)
  await vi.waitFor(() => { expect(lives(grandchild)).toBe(false) }, 5000)
})

test('a log past its size moves aside', () => {
  const log = new LogFile(join(folder, 'long.log'), 10)
  writeFileSync(log.path, 'a line of more than ten bytes\n')
  log.rotate()
  expect(readFileSync(`${log.path}.1`, 'utf8')).toContain('more than ten')
  expect(readFileSync(log.path, 'utf8')).toBe('')
  log.close()
})

function run(script: string, spec: Partial<ChildSpec> = {}): Child {
  const child = new Child({
    name: 'part', logFile: join(folder, 'part.log'), stopSignal: 'SIGTERM', graceMs: 5000,
    command: () => ({ file: process.execPath, args: ['-e', script], environment: {} }), isReady: async () => true, ...spec,
  })
  children.push(child)
  return child
}

/** A zombie, which waits for its parent to look, does not live. */
function lives(pid: number): boolean {
  try { return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z') } catch { return false }
}

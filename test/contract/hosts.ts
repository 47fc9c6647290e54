import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { born } from '../../drivers/hosts/processes.js'
import type { HostPort, OutputChunk, ScriptRun } from '../../drivers/hosts/port.js'

/** A run nobody has made before. Its key is new; `work` is an empty directory the script knows as $WORK. */
export async function aRun(script: string, given: Partial<ScriptRun> = {}): Promise<ScriptRun & { work: string }> {
  const work = await mkdtemp(join(tmpdir(), 'releasectl-work-'))
  return { key: work, script, interpreter: '/bin/bash', workDir: null, timeoutMs: 60_000, work, ...given, environment: { WORK: work, ...given.environment } }
}
export const nothing = { output: (): void => undefined }

/** Wait until it says yes; the test's own timeout ends it otherwise. */
export async function until(yes: () => Promise<boolean> | boolean): Promise<void> {
  while (!await yes()) await delay(20)
}
export const textOf = async (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')
export const isAlive = async (pid: number): Promise<boolean> => await born(pid) !== null

/** What every host must do with scripts. Each driver's test hands its own maker in. */
export function scriptContract(name: string, make: () => Promise<HostPort>): void {
  describe(`${name} keeps the contract of scripts`, () => {
    test('a script gives its exit code, the end of both streams and its named outputs', async () => {
      const host = await make()
      const run = await aRun('echo out; echo err >&2; echo "url=http://x=1" >> "$RELEASECTL_OUTPUT"; printf "notes<<END\\na\\nb\\nEND\\n" >> "$RELEASECTL_OUTPUT"; exit 3')
      expect(await host.run(run, nothing)).toEqual({ exitCode: 3, stdout: 'out\n', stderr: 'err\n', truncated: false, outputs: { url: 'http://x=1', notes: 'a\nb' } })
    })

    test('the same key runs once, also when it is asked for twice at the same time', async () => {
      const host = await make()
      const run = await aRun('echo started >> $WORK/log; sleep 0.2; echo done')
      const results = await Promise.all([host.run(run, nothing), host.run(run, nothing)])
      const again = await host.run(run, nothing)
      expect([...results, again].map(({ stdout }) => stdout)).toEqual(['done\n', 'done\n', 'done\n'])
      expect(await textOf(join(run.work, 'log'))).toBe('started\n')
    })

    test('a second look at a run gives all of its output again, from the first byte', async () => {
      const host = await make()
      const run = await aRun('for n in 1 2 3; do echo "größe $n"; sleep 0.05; done')
      const seen: OutputChunk[][] = [[], []]
      for (const chunks of seen) await host.run(run, { output: (chunk) => { chunks.push(chunk) } })
      for (const chunks of seen) {
        expect(chunks.map(({ text }) => text).join('')).toBe('größe 1\ngröße 2\ngröße 3\n')
        let offset = 0
        for (const chunk of chunks) {
          expect(chunk.offset).toBe(offset)
          offset += Buffer.byteLength(chunk.text)
        }
      }
    })

    test('output arrives while the script runs, in whole characters', async () => {
      const host = await make()
      const run = await aRun('printf "a\\303"; until [ -e $WORK/go ]; do sleep 0.02; done; printf "\\244b"')
      const texts: string[] = []
      const result = host.run(run, { output: ({ text }) => { texts.push(text) } })
      await until(() => texts.length > 0)
      await writeFile(join(run.work, 'go'), '')
      await result
      expect(texts).toEqual(['a', 'äb'])
    })

    test('a script over its time is stopped with all its children', async () => {
      const host = await make()
      const run = await aRun('trap "" TERM; (trap "" TERM; sleep 300 & echo $! > $WORK/grandchild; wait) & echo $$ > $WORK/pid; wait; wait; sleep 300', { timeoutMs: 700 })
      await expect(host.run(run, nothing)).rejects.toMatchObject({ type: 'TIMED_OUT', message: expect.stringContaining('longer than 700ms') as string })
      await until(async () => !await isAlive(Number(await textOf(join(run.work, 'pid')))))
      await until(async () => !await isAlive(Number(await textOf(join(run.work, 'grandchild')))))
      await expect(host.run(run, nothing)).rejects.toMatchObject({ type: 'TIMED_OUT' })
    })

    test('a cancelled script is stopped and stays so', async () => {
      const host = await make()
      const run = await aRun('echo $$ > $WORK/pid; echo begun; sleep 300')
      const cancel = new AbortController()
      const result = host.run(run, { output: () => { cancel.abort(new Error('enough')) }, signal: cancel.signal })
      await expect(result).rejects.toThrow('enough')
      await until(async () => !await isAlive(Number(await textOf(join(run.work, 'pid')))))
      await expect(host.run(run, nothing)).rejects.toMatchObject({ type: 'CHECK_FAILED' })
    })

    test('what a script leaves in the background ends with it and does not hold it up', async () => {
      const host = await make()
      const run = await aRun('sleep 300 & echo $! > $WORK/background; echo over')
      expect(await host.run(run, nothing)).toMatchObject({ exitCode: 0, stdout: 'over\n' })
      await until(async () => !await isAlive(Number(await textOf(join(run.work, 'background')))))
    })

    test('of far too much output the beginning and the end are kept', async () => {
      const host = await make()
      const run = await aRun('echo first; head -c 200000000 /dev/zero | tr "\\0" x; echo; echo last; exit 4')
      let followed = 0
      const result = await host.run(run, { output: ({ text }) => { followed += text.length } })
      expect(result).toMatchObject({ exitCode: 4, truncated: true })
      expect(result.stdout.endsWith('x\nlast\n')).toBe(true)
      expect(Buffer.byteLength(result.stdout)).toBe(65_536)
      expect(followed).toBeGreaterThan(8_000_000)
      expect(followed).toBeLessThan(30_000_000)
    })

    test('a script sees the environment it is given and nothing of the worker\'s own', async () => {
      const host = await make()
      process.env['WORKER_SECRET'] = 'hunter2'
      const run = await aRun('echo "[${WORKER_SECRET-}] [$GREETING] [$PATH]"', { environment: { GREETING: 'hi $USER `id`', PATH: '/opt/none:/bin:/usr/bin' } })
      expect((await host.run(run, nothing)).stdout).toBe('[] [hi $USER `id`] [/opt/none:/bin:/usr/bin]\n')
    })

    test.each([
      ['an interpreter that does not exist', { interpreter: '/no/such/shell' }, '/no/such/shell is no program'],
      ['a directory that does not exist', { workDir: '/no/such/place' }, 'workDir /no/such/place is no directory'],
      ['an environment that is too large', { environment: { BIG: 'x'.repeat(200_000) } }, 'E2BIG'],
    ])('%s is refused by name', async (_what, given, message) => {
      const host = await make()
      await expect(host.run(await aRun('echo hi', given), nothing)).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: expect.stringContaining(message) as string })
    })

    test('an interpreter may have arguments', async () => {
      const host = await make()
      expect((await host.run(await aRun('echo $-', { interpreter: 'bash -eu' }), nothing)).stdout).toMatch(/e.*u/)
    })

    test('more named outputs than a history holds are refused', async () => {
      const host = await make()
      const run = await aRun('head -c 70000 /dev/zero | tr "\\0" x | sed "s/^/a=/" > "$RELEASECTL_OUTPUT"')
      await expect(host.run(run, nothing)).rejects.toMatchObject({ type: 'CHECK_FAILED' })
    })
  })
}

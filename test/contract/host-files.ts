import { createHash } from 'node:crypto'
import { mkdtemp, readdir, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { FileToPut, HostPort } from '../../drivers/hosts/port.js'

const newFolder = async (): Promise<string> => mkdtemp(join(tmpdir(), 'releasectl-files-'))
export const aFile = (path: string, content: Buffer | string, mode = 0o644): FileToPut =>
  ({ path, content: Buffer.from(content), mode, sha256: createHash('sha256').update(content).digest('hex') })

/** What every host must do with files. */
export function fileContract(name: string, make: () => Promise<HostPort>): void {
  describe(`${name} keeps the contract of files`, () => {
    test('a file arrives as it is, with its permissions, in a folder that was not there', async () => {
      const host = await make()
      const path = join(await newFolder(), 'a b/größe $x.bin')
      const content = Buffer.from(Array.from({ length: 300_000 }, (_, n) => n % 251))
      await host.put(aFile(path, content, 0o750))
      expect(content.equals(await host.read(path, 1_000_000) ?? Buffer.alloc(0))).toBe(true)
      expect((await stat(path)).mode & 0o7777).toBe(0o750)
      expect(await host.read(path, 10)).toEqual(content.subarray(0, 10))
    })

    test('a new file takes the place of the old in one step and leaves nothing beside it', async () => {
      const host = await make()
      const folder = await newFolder()
      const path = join(folder, 'app.jar')
      await host.put(aFile(path, 'one'))
      const { ino } = await stat(path)
      await host.put(aFile(path, 'two'))
      expect((await stat(path)).ino).not.toBe(ino)
      expect((await host.read(path, 100))?.toString('utf8')).toBe('two')
      expect(await readdir(folder)).toEqual(['app.jar'])
    })

    test('a file that is there already is left as it is', async () => {
      const host = await make()
      const path = join(await newFolder(), 'app.jar')
      await host.put(aFile(path, 'one'))
      const { ino } = await stat(path)
      await host.put(aFile(path, 'one'))
      expect((await stat(path)).ino).toBe(ino)
    })

    test('content that is not what was meant is not written', async () => {
      const host = await make()
      const path = join(await newFolder(), 'app.jar')
      await expect(host.put({ ...aFile(path, 'one'), sha256: '0'.repeat(64) })).rejects.toMatchObject({ type: 'CHECK_FAILED' })
      expect(await host.read(path, 100)).toBeNull()
    })

    test('what the machine does not let be written is refused with its words', async () => {
      const host = await make()
      const folder = await newFolder()
      await writeFile(join(folder, 'file'), '')
      await expect(host.put(aFile(join(folder, 'file/app.jar'), 'one'))).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringMatching(/exists|not a directory/i) as string })
    })

    test('there is nothing to read where no file is, and an empty file is one', async () => {
      const host = await make()
      const folder = await newFolder()
      expect(await host.read(join(folder, 'none'), 100)).toBeNull()
      await host.put(aFile(join(folder, 'empty'), ''))
      expect(await host.read(join(folder, 'empty'), 100)).toEqual(Buffer.alloc(0))
    })
  })
}

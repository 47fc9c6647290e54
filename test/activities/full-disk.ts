import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder on a file system of 1 MiB of its own, for as long as `use` runs; `fill` leaves so many pages of 4 KiB of it; none. */
export async function onSmallDisk(use: (folder: string, fill: (pages?: number) => Promise<void>) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'releasectl-small-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder])
  try {
    await use(folder, async (pages = 0) => {
      const file = join(folder, 'fill')
      await writeFile(file, Buffer.alloc(2_000_000)).catch(() => undefined)
      await truncate(file, Math.max(0, (await stat(file)).size - pages * 4096))
    })
  } finally {
    execFileSync('umount', ['-l', folder])
    await rm(folder, { recursive: true, force: true })
  }
}

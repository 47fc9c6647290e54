import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder on a file system of 1 MiB of its own, for as long as `use` runs; `fill` leaves no byte of it. */
export async function onSmallDisk(use: (folder: string, fill: () => Promise<void>) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'releasectl-small-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder])
  try {
    await use(folder, async () => { await writeFile(join(folder, 'fill'), Buffer.alloc(2_000_000)).catch(() => undefined) })
  } finally {
    execFileSync('umount', ['-l', folder])
    await rm(folder, { recursive: true, force: true })
  }
}

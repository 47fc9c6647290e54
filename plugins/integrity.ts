import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, readlink, realpath } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { failure } from '../domain/failures.js'

const MOST_FILES = 20_000

/**
 * sha512 over every file of a folder: its path, whether it may be run, its content; of a link, where it leads.
 * @throws CONFIG_INVALID for a link out of the folder, or what is neither file nor folder
 */
export async function folderIntegrity(folder: string): Promise<string> {
  const hash = createHash('sha512')
  const root = await realpath(folder)
  let count = 0
  const visit = async (path: string): Promise<void> => {
    for (const name of (await readdir(path)).sort()) {
      const file = join(path, name)
      const found = await lstat(file)
      const shown = relative(root, file).split(sep).join('/')
      if (found.isDirectory()) { await visit(file); continue }
      count += 1
      if (count > MOST_FILES) throw failure('CONFIG_INVALID', `${folder} has more than ${MOST_FILES} files`)
      if (found.isSymbolicLink()) {
        const leads = await realpath(file).catch(() => null)
        if (leads === null || !`${leads}${sep}`.startsWith(root + sep)) throw failure('CONFIG_INVALID', `${shown} is a link out of the plugin's folder`)
        hash.update(`link\0${shown}\0${await readlink(file)}\0`)
      } else if (found.isFile()) hash.update(`file\0${shown}\0${found.mode & 0o100}\0${found.size}\0`).update(await readFile(file))
      else throw failure('CONFIG_INVALID', `${shown} is no file`)
    }
  }
  await visit(root)
  return `sha512-${hash.digest('base64')}`
}

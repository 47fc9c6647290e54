import { readFile, realpath } from 'node:fs/promises'
import { isAbsolute, relative } from 'node:path'
import { failure } from '../../domain/failures.js'
import type { SecretPort } from './port.js'

/**
 * `file:/path`: a file in the one folder the installation lets plans read, without its last line break.
 * @param folder null: none, every file is missing. Links are followed first, so none leads out of it.
 */
export const fileSecrets = (folder: string | null): SecretPort => ({
  async resolve(path) {
    if (folder === null) throw failure('SECRET_MISSING', `file:${path}: plans may read no files here (RELEASECTL_SECRET_FILES)`)
    const [root, file] = await Promise.all([folder, path].map((name) => realpath(name).catch(() => null)))
    if (!isAbsolute(path) || !root || !file || !isInside(root, file)) throw failure('SECRET_MISSING', `file:${path} is no file in the folder plans may read (RELEASECTL_SECRET_FILES)`)
    const text = await readFile(file, 'utf8').catch(() => { throw failure('SECRET_MISSING', `file:${path} cannot be read`) })
    return text.replace(/\r?\n$/, '')
  },
})

function isInside(root: string, file: string): boolean {
  const way = relative(root, file)
  return way !== '' && way.split('/')[0] !== '..' && !isAbsolute(way)
}

import { posix } from 'node:path'
import { failure } from '../../domain/failures.js'
import { shellWord } from './shell.js'

const LINE_CHARACTERS = 76

/**
 * Lines of a POSIX shell that write files into a folder, byte for byte. Base64 holds nothing a here-document could end at.
 * @param folder where, as the shell writes it: `"$PWD"`, or a quoted path
 */
export function deliveryLines(files: Record<string, string>, folder: string): string[] {
  const paths = Object.keys(files).sort()
  const folders = [...new Set(paths.map((path) => posix.dirname(path)).filter((path) => path !== '.'))]
  return [
    ...folders.map((path) => `mkdir -p ${folder}/${shellWord(path)} || exit 125`),
    ...paths.flatMap((path) => [`base64 -d > ${folder}/${shellWord(path)} <<'END' || exit 125`, ...base64Lines(files[path] ?? ''), 'END']),
  ]
}

/** The files of a bundle that lie at these paths, or in these folders, by their path in the bundle. @throws CONFIG_INVALID naming one that is not there */
export async function bundleParts(paths: readonly string[], bundleFolder: (path: string) => Promise<Record<string, string>>): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const path of paths) {
    const files = await bundleFolder(path)
    if (Object.keys(files).length === 0) throw failure('CONFIG_INVALID', `the bundle has no file or folder ${path}`)
    const root = plain(path)
    for (const [inside, text] of Object.entries(files)) found[inside === '' ? root : posix.join(root, inside)] = text
  }
  return found
}

const base64Lines = (text: string): string[] => Buffer.from(text).toString('base64').match(new RegExp(`.{1,${LINE_CHARACTERS}}`, 'g')) ?? []
const plain = (path: string): string => posix.normalize(path).replace(/^(?:\.\/)+|\/+$/g, '')

import { gunzipSync } from 'node:zlib'
import { failure } from '../../domain/failures.js'
import type { OutputChunk } from '../../drivers/hosts/port.js'
import { shellGlob, shellWord } from '../tools/shell.js'

/** `startedAt`: seconds since 1970 on that machine, fractions where it knows them; older files are left out. Null: all count. */
export interface Collect { folder: string | null; patterns: readonly string[]; startedAt: string | null }

/** Lines of a POSIX shell that print the files of some patterns, packed, and `= end`. The first of a file's lines is its path. */
export function collectLines({ folder, patterns, startedAt }: Collect): string[] {
  const isOld = startedAt === null ? 'false' : '[ "$tool_temp/started" -nt "$file" ]'
  return [
    ...folder === null ? [] : [`cd ${shellWord(folder)} || exit 125`],
    ...startedAt === null ? [] : [`touch -d ${shellWord(`@${startedAt}`)} "$tool_temp/started" || exit 125`],
    `for file in ${patterns.map(shellGlob).join(' ')}; do`,
    `  [ -f "$file" ] || continue; ${isOld} && continue`,
    '  printf \'= file %s\\n\' "$(printf %s "$file" | base64 | tr -d \'\\n\')"',
    '  gzip -c < "$file" | base64 || exit 125',
    'done; echo \'= end\'',
  ]
}

/** Takes what those lines print. Chunks may come twice. */
export class Collected {
  readonly #chunks = new Map<number, string>()

  add({ stream, offset, text }: OutputChunk): void { if (stream === 'stdout') this.#chunks.set(offset, text) }

  /** Each file once, by its path. @throws CHECK_FAILED when they are more than a machine hands over (16 MiB, packed) */
  files(): Map<string, string> {
    const lines = [...this.#chunks].sort(([a], [b]) => a - b).map(([, text]) => text).join('').split('\n')
    const files = new Map<string, string[]>()
    let current: string[] = []
    for (const line of lines.slice(0, lines.lastIndexOf('= end'))) {
      const path = /^= file (.*)$/.exec(line)?.[1]
      if (path !== undefined) files.set(Buffer.from(path, 'base64').toString('utf8').replace(/^\.\//, ''), current = [])
      else if (/^[A-Za-z\d+/]*={0,2}$/.test(line)) current.push(line)
      else throw failure('CHECK_FAILED', 'the report files are too large: over 16 MiB when packed')
    }
    return new Map([...files].map(([path, packed]) => [path, gunzipSync(Buffer.from(packed.join(''), 'base64')).toString('utf8')]))
  }
}

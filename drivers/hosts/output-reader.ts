import { open, readFile, stat } from 'node:fs/promises'
import type { OutputChunk } from './port.js'

const CHUNK_BYTES = 65_536
const TAIL_BYTES = 65_536

/** Follows one stream of a script from its file: whole characters, from the start, each byte once. */
export class OutputReader {
  readonly #file: string
  readonly #stream: OutputChunk['stream']
  readonly #emit: (chunk: OutputChunk) => void
  #offset = 0
  constructor(file: string, stream: OutputChunk['stream'], emit: (chunk: OutputChunk) => void) {
    this.#file = file
    this.#stream = stream
    this.#emit = emit
  }

  /** Hand on what has been written since. @returns was there anything? */
  async follow(last: boolean): Promise<boolean> {
    const from = this.#offset
    const size = await sizeOf(this.#file)
    if (size <= from) return false
    const file = await open(this.#file)
    try {
      while (this.#offset < size) {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, this.#offset)
        const bytes = buffer.subarray(0, bytesRead)
        const whole = last && this.#offset + bytesRead >= size ? bytes : bytes.subarray(0, wholeCharacters(bytes))
        if (whole.length === 0) break
        this.#emit({ stream: this.#stream, offset: this.#offset, text: whole.toString('utf8') })
        this.#offset += whole.length
      }
    } finally { await file.close() }
    return this.#offset > from
  }

  /** The last 64 KiB, once it has ended; what was dropped between the kept beginning and the end is said in the stream. */
  async tail(): Promise<{ text: string; truncated: boolean }> {
    const dropped = await readFile(`${this.#file}.tail`).catch(() => Buffer.alloc(0))
    if (dropped.length > 0) {
      const note = `\n[releasectl keeps the first ${this.#offset} bytes and the last ${dropped.length}; what was between is gone]\n`
      this.#emit({ stream: this.#stream, offset: this.#offset, text: note + fromCharacter(dropped).toString('utf8') })
    }
    const missing = TAIL_BYTES - dropped.length
    const start = Math.max(0, this.#offset - missing)
    const bytes = Buffer.concat([await lastOf(this.#file, start), dropped])
    return { text: (start > 0 ? fromCharacter(bytes) : bytes).toString('utf8'), truncated: start > 0 }
  }
}

/** The bytes of a file from `start` on; none when there is no file. */
export async function lastOf(path: string, start: number): Promise<Buffer> {
  const length = await sizeOf(path) - start
  if (length <= 0) return Buffer.alloc(0)
  const file = await open(path)
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start)
    return buffer.subarray(0, bytesRead)
  } finally { await file.close() }
}

export const sizeOf = async (path: string): Promise<number> => stat(path).then(({ size }) => size, () => 0)

/** How many bytes hold whole UTF-8 characters; bytes that are no UTF-8 count as whole. */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) break
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? bytes.length - back : bytes.length
  }
  return bytes.length
}

/** Without the end of a character whose beginning is missing. */
export function fromCharacter(bytes: Buffer): Buffer {
  let start = 0
  while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1
  return bytes.subarray(start)
}

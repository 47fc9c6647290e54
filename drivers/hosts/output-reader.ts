import { open, readFile, stat } from 'node:fs/promises'
import type { OutputChunk } from './port.js'

const CHUNK_BYTES = 65_536
const TAIL_BYTES = 65_536

/** One stream of a script as it comes: handed on in whole characters, each byte once; its end is kept. */
export class OutputStream {
  readonly #stream: OutputChunk['stream']
  readonly #emit: (chunk: OutputChunk) => void
  /** Read, but perhaps the beginning of a character. */
  #rest: Buffer = Buffer.alloc(0)
  #end: Buffer = Buffer.alloc(0)
  #taken = 0
  constructor(stream: OutputChunk['stream'], emit: (chunk: OutputChunk) => void) {
    this.#stream = stream
    this.#emit = emit
  }

  /** Bytes it has seen: where to read on. */
  get offset(): number { return this.#taken }

  take(bytes: Buffer): void {
    const held = this.#rest.length
    const all = held > 0 ? Buffer.concat([this.#rest, bytes]) : bytes
    const whole = wholeCharacters(all)
    this.#say(this.#taken - held, all.subarray(0, whole))
    this.#rest = Buffer.from(all.subarray(whole))
    this.#taken += bytes.length
    this.#end = Buffer.concat([this.#end, bytes]).subarray(-TAIL_BYTES)
  }

  /** It has ended. `dropped`: its last bytes, where there were too many to keep. @returns its last 64 KiB */
  close(dropped: Buffer): { text: string; truncated: boolean } {
    this.#say(this.#taken - this.#rest.length, this.#rest)
    if (dropped.length > 0) {
      const note = `\n[releasectl keeps the first ${this.#taken} bytes and the last ${dropped.length}; what was between is gone]\n`
      this.#emit({ stream: this.#stream, offset: this.#taken, text: note + fromCharacter(dropped).toString('utf8') })
    }
    const bytes = Buffer.concat([this.#end, dropped]).subarray(-TAIL_BYTES)
    const truncated = this.#taken + dropped.length > TAIL_BYTES
    return { text: (truncated ? fromCharacter(bytes) : bytes).toString('utf8'), truncated }
  }

  #say(offset: number, bytes: Buffer): void {
    if (bytes.length > 0) this.#emit({ stream: this.#stream, offset, text: bytes.toString('utf8') })
  }
}

/** Follows one stream of a script from its file. */
export class OutputReader {
  readonly #file: string
  readonly #stream: OutputStream
  constructor(file: string, stream: OutputChunk['stream'], emit: (chunk: OutputChunk) => void) {
    this.#file = file
    this.#stream = new OutputStream(stream, emit)
  }

  /** Hand on what has been written since. @returns was there anything? */
  async follow(): Promise<boolean> {
    const from = this.#stream.offset
    const size = await sizeOf(this.#file)
    if (size <= from) return false
    const file = await open(this.#file)
    try {
      while (this.#stream.offset < size) {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, this.#stream.offset)
        if (bytesRead === 0) break
        this.#stream.take(buffer.subarray(0, bytesRead))
      }
    } finally { await file.close() }
    return true
  }

  /** The last 64 KiB, once it has ended; what was dropped between the kept beginning and the end is said in the stream. */
  async tail(): Promise<{ text: string; truncated: boolean }> {
    return this.#stream.close(await readFile(`${this.#file}.tail`).catch(() => Buffer.alloc(0)))
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

import { StringDecoder } from 'node:string_decoder'
import type { LogChunk } from './port.js'

const HEADER_BYTES = 8

/**
 * The two streams of a container out of the one an engine sends: frames of [stream, 0, 0, 0, size] and `size` bytes
 * (Docker Engine API v1.41, "Attach to a container"). A container with a terminal has one stream, without frames.
 */
export async function* logFrames(source: AsyncIterable<Buffer>, hasTerminal: boolean): AsyncGenerator<LogChunk> {
  const ends = { stdout: { decoder: new StringDecoder('utf8'), offset: 0 }, stderr: { decoder: new StringDecoder('utf8'), offset: 0 } }
  const chunk = (stream: 'stdout' | 'stderr', bytes: Buffer): LogChunk => {
    const end = ends[stream]
    const { offset } = end
    const text = end.decoder.write(bytes)
    end.offset += Buffer.byteLength(text)
    return { stream, offset, text }
  }
  let rest: Buffer = Buffer.alloc(0)
  for await (const data of source) {
    if (hasTerminal) { yield chunk('stdout', data); continue }
    rest = rest.length === 0 ? data : Buffer.concat([rest, data])
    for (let size = frameSize(rest); size !== null && rest.length >= HEADER_BYTES + size; size = frameSize(rest)) {
      yield chunk(rest[0] === 2 ? 'stderr' : 'stdout', rest.subarray(HEADER_BYTES, HEADER_BYTES + size))
      rest = rest.subarray(HEADER_BYTES + size)
    }
  }
}

const frameSize = (bytes: Buffer): number | null => bytes.length < HEADER_BYTES ? null : bytes.readUInt32BE(HEADER_BYTES - 4)

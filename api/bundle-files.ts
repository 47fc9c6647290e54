import { gunzip } from 'node:zlib'
import { promisify } from 'node:util'
import { extract, type Header } from 'tar-stream'
import { failure } from '../domain/failures.js'
import type { BundleFiles } from '../store/bundles.js'

/** What a bundle may be: text, and no more of it than a person would write. */
export const LIMITS = { bytes: 5 * 1024 * 1024, files: 1000, pathLength: 300 }
/** The plan's usual names, first found first taken. */
const ENTRIES = ['release.yaml', 'release.yml', 'plan.yaml', 'plan.yml']
const TAR_ROOM = 1024 // of one file: its header and what fills up its last block

/** @throws REQUEST_INVALID naming the path, TOO_LARGE naming the limit */
export function bundleOf(files: Record<string, string>, entry: string | undefined): BundleFiles {
  const texts = new Map(Object.entries(files).map(([path, text]) => [plainPath(path), text]))
  if (texts.size > LIMITS.files) throw failure('TOO_LARGE', `the bundle has ${texts.size} files; at most ${LIMITS.files}`)
  const bytes = [...texts.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  if (bytes > LIMITS.bytes) throw failure('TOO_LARGE', `the bundle has ${bytes} bytes; at most ${LIMITS.bytes}`)
  return { entry: entryOf(texts, entry), files: Object.fromEntries(texts) }
}

/** A tar archive, gzipped or not. Links and devices are refused: a bundle holds text. */
export async function bundleOfArchive(archive: Buffer, entry: string | undefined): Promise<BundleFiles> {
  const tar = archive[0] === 0x1f && archive[1] === 0x8b ? await unzip(archive) : archive
  const files = new Map<string, string>()
  const reader = extract()
  reader.on('error', () => undefined) // it reaches the loop below
  reader.end(tar)
  try {
    for await (const part of reader) {
      if (takes(part.header)) files.set(part.header.name, asText(part.header.name, await bytesOf(part)))
      else part.resume()
    }
  } catch (error) {
    throw error instanceof Error && 'nonRetryable' in error ? error : failure('REQUEST_INVALID', 'the body is not a whole tar archive')
  }
  return bundleOf(Object.fromEntries(files), entry)
}

function takes({ type, name, size }: Header): boolean {
  if (type === 'directory') return false
  if (type !== 'file' && type !== 'contiguous-file') throw failure('REQUEST_INVALID', `${name} is a ${type}; a bundle holds plain files only`)
  if (size > LIMITS.bytes) throw failure('TOO_LARGE', `${name} has ${size} bytes; a bundle at most ${LIMITS.bytes}`)
  return true
}

async function bytesOf(part: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of part) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

async function unzip(archive: Buffer): Promise<Buffer> {
  const limit = LIMITS.bytes + LIMITS.files * TAR_ROOM
  try {
    return await promisify(gunzip)(archive, { maxOutputLength: limit })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw failure('TOO_LARGE', `the archive unpacks to more than ${limit} bytes`)
    throw failure('REQUEST_INVALID', 'the body begins like gzip, but does not unpack')
  }
}

function asText(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw failure('REQUEST_INVALID', `${path} is not UTF-8 text`)
  }
}

/** `./a/b` is `a/b`; what leaves the bundle is refused. */
function plainPath(path: string): string {
  const plain = path.replace(/^(\.\/)+/, '')
  const steps = plain.split('/')
  if (plain.length > LIMITS.pathLength) throw failure('REQUEST_INVALID', `a path has ${plain.length} characters; at most ${LIMITS.pathLength}`)
  if (steps.some((step) => step === '' || step === '.' || step === '..') || /[\\\u0000-\u001f]|^[A-Za-z]:/.test(plain)) throw failure('REQUEST_INVALID', `${JSON.stringify(path)} is not a path inside the bundle`)
  return plain
}

function entryOf(files: Map<string, string>, entry: string | undefined): string {
  if (entry !== undefined) {
    const plain = plainPath(entry)
    if (files.has(plain)) return plain
    throw failure('REQUEST_INVALID', `entry ${entry} is not among the bundle's files`)
  }
  const top = [...files.keys()].filter((path) => /^[^/]+\.ya?ml$/.test(path))
  const found = ENTRIES.find((name) => files.has(name)) ?? (top.length === 1 ? top[0] : undefined)
  if (found === undefined) throw failure('REQUEST_INVALID', `say which file is the plan: entry is one of ${ENTRIES.join(', ')}, or given`)
  return found
}

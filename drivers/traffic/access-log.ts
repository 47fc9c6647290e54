import { open, type FileHandle } from 'node:fs/promises'
import { isIP } from 'node:net'
import { LATENCY_BOUNDS_MS } from '../../domain/counters.js'
import { failure } from '../../domain/failures.js'
import { addressOf, authorityOf } from './authority.js'
import type { RouteMetrics, RouteSplit, Side, SideCounters, TrafficPort } from './port.js'

/** A gateway's counters out of its access log; undefined: it writes none. @param read the route's sides now */
export function metricsIn(path: string | undefined, parse: (line: string) => Answered | null, read: TrafficPort['read']): TrafficPort['metrics'] {
  if (path === undefined) return undefined
  const log = new AccessLog(path, parse)
  return async (route) => {
    const split = await read(route)
    return split && log.metrics(split)
  }
}

/** One line of it: which server answered (`address:port`), how, and how long it took. */
export interface Answered { by: string; status: number; tookMs: number }
interface Tally { requests: number; errors: number; /** By bound of LATENCY_BOUNDS_MS, not cumulative. */ buckets: number[] }

const CHUNK_BYTES = 1_048_576
const NOTHING: Tally = { requests: 0, errors: 0, buckets: [] }

/**
 * Counters of a gateway that keeps none, out of its access log: cumulative over the file as it is now, so that every worker
 * counts the same. A file that is rotated counts from zero, as a gateway that was restarted. What was read once is not read again.
 */
export class AccessLog {
  readonly #path: string
  readonly #parse: (line: string) => Answered | null
  #read = { file: -1, bytes: 0, tallies: new Map<string, Tally>() }
  #busy: Promise<unknown> = Promise.resolve()

  constructor(path: string, parse: (line: string) => Answered | null) {
    this.#path = path
    this.#parse = parse
  }

  /** What the servers of both sides have answered. @throws TARGET_UNREACHABLE when the log cannot be read */
  async metrics({ stable, candidate }: RouteSplit): Promise<RouteMetrics> {
    const mine = this.#busy.then(() => this.#catchUp())
    this.#busy = mine.catch(() => undefined)
    await mine
    return { stable: await this.#counters(stable), candidate: await this.#counters(candidate), at: new Date().toISOString() }
  }

  async #counters(side: Side | null): Promise<SideCounters> {
    const where = side && authorityOf(side.url)
    const by = where === null || typeof where === 'string' ? '' : `${hostIn(await addressOf(where.host) ?? where.host)}:${where.port}`
    const { requests, errors, buckets } = this.#read.tallies.get(by) ?? NOTHING
    let count = 0
    return { requests, errors, latency: LATENCY_BOUNDS_MS.map((le, n) => ({ le, count: count += buckets[n] ?? 0 })) }
  }

  async #catchUp(): Promise<void> {
    let file: FileHandle | null = null
    try {
      file = await open(this.#path, 'r')
      const { ino, size } = await file.stat()
      if (ino !== this.#read.file || size < this.#read.bytes) this.#read = { file: ino, bytes: 0, tallies: new Map() }
      await this.#readOn(file)
    } catch (error) {
      throw failure('TARGET_UNREACHABLE', `access log ${this.#path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`)
    } finally { await file?.close() }
  }

  /** Whole lines only: the rest of one is read when it is there. */
  async #readOn(file: FileHandle): Promise<void> {
    const chunk = Buffer.alloc(CHUNK_BYTES)
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, this.#read.bytes)
      const end = chunk.subarray(0, bytesRead).lastIndexOf(0x0a) + 1
      if (end === 0 && bytesRead < CHUNK_BYTES) return
      for (const line of chunk.toString('utf8', 0, end).split('\n')) this.#count(this.#parse(line))
      this.#read.bytes += end === 0 ? bytesRead : end // a line longer than a chunk is no request's
    }
  }

  #count(answered: Answered | null): void {
    if (answered === null) return
    const { by, status, tookMs } = answered
    const tally = this.#read.tallies.get(by) ?? { requests: 0, errors: 0, buckets: LATENCY_BOUNDS_MS.map(() => 0) }
    this.#read.tallies.set(by, tally)
    tally.requests++
    if (status >= 500) tally.errors++
    const bucket = LATENCY_BOUNDS_MS.findIndex((le) => tookMs <= le)
    if (bucket >= 0) tally.buckets[bucket] = (tally.buckets[bucket] ?? 0) + 1
  }
}

const hostIn = (address: string): string => isIP(address) === 6 ? `[${address}]` : address

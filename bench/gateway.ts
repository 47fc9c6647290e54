import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { compared, type Row } from './row.js'

interface Contestant { name: string; perSecond: number; ratio: number; p50Ms: number; p99Ms: number; cpuMicros: number | null }

/** bench/edge.ts: requests a second through edge (split, hash, metrics on) beside http-proxy-3, and nginx where it is installed. */
export async function gateway(): Promise<Row[]> {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('edge.ts', import.meta.url))], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [output, complaints] = await Promise.all([text(child.stdout), text(child.stderr), child.exitCode ?? once(child, 'exit')])
  const last = output.trim().split('\n').at(-1) ?? ''
  if (!last.startsWith('{')) throw new Error(`bench/edge.ts ended without a result: ${complaints.trim().slice(-500)}`)
  const { rows } = JSON.parse(last) as { rows: Contestant[] }
  const [edge, rival] = [of(rows, 'edge'), of(rows, 'http-proxy-3')]
  return [
    compared('requests through edge, beside http-proxy-3', edge.perSecond, rival.perSecond, 'a second', { atLeast: 1 }, edge.ratio),
    compared('p99 of a request through edge, beside http-proxy-3', edge.p99Ms, rival.p99Ms, 'ms'),
    ...edge.cpuMicros === null || rival.cpuMicros === null ? [] : [compared('CPU of a request, beside http-proxy-3', edge.cpuMicros, rival.cpuMicros, 'µs')],
    ...rows.filter(({ name }) => name !== 'edge' && name !== 'http-proxy-3').map((other) => compared(`requests through edge, beside ${other.name === 'direct' ? 'no proxy at all' : other.name}`, edge.perSecond, other.perSecond, 'a second')),
  ]
}

function of(rows: Contestant[], name: string): Contestant {
  const row = rows.find((one) => one.name === name)
  if (!row) throw new Error(`bench/edge.ts told nothing of ${name}`)
  return row
}

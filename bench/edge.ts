import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '../embedded/ports.js'
import type { LoadResult } from './edge-load.js'

/**
 * `npx tsx bench/edge.ts`: how fast the gateway is beside no proxy at all, http-proxy-3 and nginx (when installed), in one
 * run: one upstream, one load loop, rounds interleaved so that a busy moment of the machine hits all alike; medians.
 * A ratio is the median of the rounds' own ratios. CPU is what the proxy's process used per request, which a busy machine disturbs least.
 * BENCH_ROUNDS (5), BENCH_SECONDS (3), BENCH_CONNECTIONS (32). Exit code 1 when edge is slower than http-proxy-3.
 */
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 5)
const seconds = Number(process.env['BENCH_SECONDS'] ?? 3)
const connections = Number(process.env['BENCH_CONNECTIONS'] ?? 32)
const here = (file: string): string => new URL(file, import.meta.url).pathname
const dir = await mkdtemp(join(tmpdir(), 'releasectl-bench-edge-'))
const children: ChildProcess[] = []

interface Contestant { name: string; port: number; pid: number | null }
interface Round extends LoadResult { cpuMicros: number | null }

try {
  const upstream = await freePort()
  start([here('edge-upstream.ts'), String(upstream)])
  await accepting(upstream)
  const contestants = [{ name: 'direct', port: upstream, pid: null }, await rival(upstream), await edge(upstream), ...await nginx(upstream)]
  const seen = new Map<string, Round[]>(contestants.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const contestant of contestants) {
      seen.get(contestant.name)?.push(await load(contestant))
    }
  }
  report(seen)
} finally {
  for (const child of children) child.kill('SIGTERM')
  await Promise.all(children.filter(({ exitCode }) => exitCode === null).map((child) => once(child, 'exit')))
  await rm(dir, { recursive: true, force: true })
}

async function rival(upstream: number): Promise<Contestant> {
  const port = await freePort()
  const child = start([here('edge-rival.ts'), String(port), String(upstream)])
  await accepting(port)
  return { name: 'http-proxy-3', port, pid: child.pid ?? null }
}

/** With everything on: a split between two versions, sticky sessions by cookie, counters and histograms. */
async function edge(upstream: number): Promise<Contestant> {
  const [port, control] = [await freePort(), await freePort()]
  await writeFile(join(dir, 'token'), 'bench')
  const child = start([here('../edge/server.ts')], { EDGE_PORT: String(port), EDGE_CONTROL_PORT: String(control), EDGE_STATE_FILE: join(dir, 'state.json'), EDGE_TOKEN_FILE: join(dir, 'token') })
  await accepting(control)
  const side = (id: string): object => ({ id, version: id, url: `http://127.0.0.1:${upstream}` })
  const answer = await fetch(`http://127.0.0.1:${control}/routes/bench`, {
    method: 'PUT', headers: { authorization: 'Bearer bench' },
    body: JSON.stringify({ stable: side('one'), candidate: side('two'), percent: 30, sticky: { by: 'cookie', name: 'sid' } }),
  })
  if (!answer.ok) throw new Error(`edge refused its route: ${await answer.text()}`)
  return { name: 'edge', port, pid: child.pid ?? null }
}

async function nginx(upstream: number): Promise<Contestant[]> {
  const binary = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx'].find((path) => existsSync(path))
  if (binary === undefined) return []
  const port = await freePort()
  await writeFile(join(dir, 'nginx.conf'), `
    daemon off; master_process off; pid ${dir}/nginx.pid; error_log stderr error; worker_processes 1;
    events { worker_connections 1024; }
    http {
      access_log off; client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy; fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s;
      keepalive_requests 1000000000;
      split_clients "$cookie_sid" $side { 30% candidate; * stable; }
      upstream stable { server 127.0.0.1:${upstream}; keepalive 256; keepalive_requests 1000000000; }
      upstream candidate { server 127.0.0.1:${upstream}; keepalive 256; keepalive_requests 1000000000; }
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass http://$side; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
          proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme; add_header x-release-version $side;
        }
      }
    }`)
  const child = spawn(binary, ['-p', dir, '-c', join(dir, 'nginx.conf')], { stdio: ['ignore', 'ignore', 'inherit'] })
  children.push(child)
  await accepting(port)
  return [{ name: 'nginx', port, pid: child.pid ?? null }]
}

async function load({ name, port, pid }: Contestant): Promise<Round> {
  const cpuBefore = await cpuMs(pid)
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', here('edge-load.ts'), String(port), String(connections), String(seconds * 1000)])
  const result = JSON.parse(stdout) as LoadResult
  if (result.errors > 0 || result.requests === 0) throw new Error(`${name}: ${result.errors} errors in ${result.requests} requests`)
  const cpuAfter = await cpuMs(pid)
  return { ...result, cpuMicros: cpuBefore === null || cpuAfter === null ? null : (cpuAfter - cpuBefore) * 1000 / result.sent }
}

function report(seen: Map<string, Round[]>): void {
  const base = seen.get('http-proxy-3') ?? []
  const rows = [...seen].map(([name, all]) => ({ name, ratio: median(all.map(({ perSecond }, n) => perSecond / (base[n]?.perSecond ?? NaN))), ...summary(all) }))
  const lines = rows.map(({ name, ratio, perSecond, p50Ms, p99Ms, cpuMicros }) =>
    `| ${name} | ${perSecond.toFixed(0)} | ${ratio.toFixed(2)} | ${p50Ms.toFixed(2)} | ${p99Ms.toFixed(2)} | ${cpuMicros === null ? '' : cpuMicros.toFixed(0)} |`)
  process.stdout.write(`${[`${rounds} interleaved rounds of ${seconds} s, ${connections} connections, Node ${process.version}; medians`, '',
    '| | requests/s | ratio to http-proxy-3 | p50 ms | p99 ms | CPU µs/request |', '| --- | --- | --- | --- | --- | --- |', ...lines].join('\n')}\n`)
  const edgeRatio = rows.find(({ name }) => name === 'edge')?.ratio ?? 0
  process.stdout.write(`${JSON.stringify({ rounds, seconds, connections, edgeRatio, rows })}\n`)
  if (edgeRatio < 1) process.exitCode = 1
}

interface Summary { perSecond: number; p50Ms: number; p99Ms: number; cpuMicros: number | null }
function summary(all: Round[]): Summary {
  const cpu = all.flatMap(({ cpuMicros }) => cpuMicros === null ? [] : [cpuMicros])
  return { perSecond: median(all.map((round) => round.perSecond)), p50Ms: median(all.map((round) => round.p50Ms)), p99Ms: median(all.map((round) => round.p99Ms)), cpuMicros: cpu.length > 0 ? median(cpu) : null }
}
function median(numbers: number[]): number { return numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN }

/** User and system time of a process, all threads, from /proc (clock ticks of 10 ms); null elsewhere than on Linux. */
async function cpuMs(pid: number | null): Promise<number | null> {
  const stat = pid === null ? null : await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields ? (Number(fields[11]) + Number(fields[12])) * 10 : null
}

function start(argv: string[], environment: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', ...argv], { env: { ...process.env, ...environment }, stdio: ['ignore', 'ignore', 'inherit'] })
  children.push(child)
  return child
}

async function accepting(port: number): Promise<void> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true) }).on('error', () => resolve(false))
    })
    if (open) return
  }
  throw new Error(`nothing listens on port ${port}`)
}

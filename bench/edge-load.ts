import net from 'node:net'

/**
 * A load loop of its own process: `tsx bench/edge-load.ts PORT CONNECTIONS MILLISECONDS` sends GET requests over kept
 * connections, each as soon as the answer before it is complete, and prints one line of JSON (`LoadResult`).
 * Answers must carry a Content-Length.
 */
export interface LoadResult { /** Measured. */ requests: number; /** With the warm-up. */ sent: number; errors: number; perSecond: number; p50Ms: number; p99Ms: number }

const WARM_UP_MS = 1_000
const HEAD_END = Buffer.from('\r\n\r\n')
const [port = 0, connections = 0, forMs = 0] = process.argv.slice(2).map(Number)
const tookMs: number[] = []
let errors = 0
let sent = 0
const startedAt = performance.now()
const measureFrom = startedAt + WARM_UP_MS
const endAt = measureFrom + forMs

await Promise.all(Array.from({ length: connections }, (_, n) => client(n)))
tookMs.sort((a, b) => a - b)
const quantile = (q: number): number => tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * q))] ?? NaN
const result: LoadResult = { requests: tookMs.length, sent, errors, perSecond: tookMs.length / (forMs / 1000), p50Ms: quantile(0.5), p99Ms: quantile(0.99) }
process.stdout.write(`${JSON.stringify(result)}\n`)

function client(n: number): Promise<void> {
  const request = `GET /products?page=${n} HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: bench/1\r\nAccept: application/json\r\nAccept-Encoding: gzip, deflate, br\r\nCookie: theme=dark; sid=session-${n}\r\n\r\n`
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
    let pending: Buffer = Buffer.alloc(0)
    let sentAt = 0
    const send = (): void => {
      sent++
      sentAt = performance.now()
      socket.write(request)
    }
    socket.on('connect', send)
    socket.on('data', (chunk) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
      const head = pending.indexOf(HEAD_END)
      if (head === -1) return
      const headText = pending.toString('latin1', 0, head)
      const length = Number(/\ncontent-length: *(\d+)/i.exec(headText)?.[1])
      if (pending.length < head + 4 + length) return
      pending = pending.subarray(head + 4 + length)
      const now = performance.now()
      if (now >= measureFrom && now < endAt) {
        tookMs.push(now - sentAt)
        if (!headText.startsWith('HTTP/1.1 200')) errors++
      }
      if (now < endAt) send()
      else socket.end()
    })
    socket.on('error', () => errors++)
    socket.on('close', () => resolve())
  })
}

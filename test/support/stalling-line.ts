import { once } from 'node:events'
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A line to a real server's socket that lets so many bytes of an answer through, then stays open and says nothing more. */
export class StallingLine {
  /** Of each connection. */
  bytes = 0
  readonly #open = new Set<Socket>()
  readonly #server: Server

  constructor(path: string) {
    this.#server = createServer((near) => {
      const far = createConnection(path)
      let left = this.bytes
      near.pipe(far)
      far.on('data', (bytes: Buffer) => {
        near.write(bytes.subarray(0, left))
        left -= Math.min(left, bytes.length)
      })
      for (const [one, other] of [[near, far], [far, near]] as const) {
        this.#open.add(one)
        one.on('error', () => { other.destroy() }).on('close', () => { this.#open.delete(one); if (one === near) other.destroy() })
      }
    })
  }

  async start(): Promise<number> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  stop(): void {
    this.#server.close()
    for (const socket of this.#open) socket.destroy()
  }
}

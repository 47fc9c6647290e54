import { once } from 'node:events'
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net'

/** A line to an admin API that, when it is armed, lets the next change through and keeps the answer to it for itself. */
export class HoldingLine {
  readonly #open = new Set<Socket>()
  readonly #server
  #armed: (() => void) | null = null

  /** @param change bytes by which a change is told from a question */
  constructor(port: number, change: string) {
    this.#server = createServer((near) => {
      const far = createConnection(port, '127.0.0.1')
      let held: (() => void) | null = null
      near.on('data', (bytes: Buffer) => {
        if (this.#armed && bytes.includes(change)) [held, this.#armed] = [this.#armed, null]
        far.write(bytes)
      })
      far.on('data', (bytes: Buffer) => {
        if (held) held()
        else near.write(bytes)
      })
      far.on('end', () => { if (!held) near.end() })
      for (const [one, other] of [[near, far], [far, near]] as const) {
        this.#open.add(one)
        one.on('error', () => { other.destroy() }).on('close', () => { this.#open.delete(one); if (!held || one === near) other.destroy() })
      }
    })
  }

  async start(): Promise<number> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening')
    return (this.#server.address() as AddressInfo).port
  }

  /** @returns resolves when the far side has answered the change */
  arm(): Promise<void> { return new Promise((resolve) => { this.#armed = resolve }) }

  stop(): void {
    this.#server.close()
    for (const socket of this.#open) socket.destroy()
  }
}

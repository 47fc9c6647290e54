import { freePort } from '../testbed/component.js'
import { sharedComponent } from './component.js'

/** A line to a real server that can be spoilt, by Toxiproxy: https://github.com/Shopify/toxiproxy#toxics. */
export class ToxicLine {
  readonly port: number
  readonly #api: string
  readonly #name: string
  readonly #toxics: string[] = []
  private constructor(api: string, name: string, port: number) {
    this.#api = api
    this.#name = name
    this.port = port
  }

  /** @param upstream `host:port` */
  static async to(upstream: string): Promise<ToxicLine> {
    const { port: ports } = await sharedComponent('faults', ['TESTBED_TOXIPROXY_PORT'])
    const port = await freePort()
    const line = new ToxicLine(`http://127.0.0.1:${ports['TESTBED_TOXIPROXY_PORT']}`, `line-${port}`, port)
    await line.#call('POST', '/proxies', { name: line.#name, listen: `127.0.0.1:${port}`, upstream })
    return line
  }

  /**
   * `latency` {latency, ms}, `bandwidth` {rate, KB/s}, `timeout` {0: nothing gets through any more}, `limit_data` {bytes, then it is cut}, `reset_peer` {timeout}.
   * @param streams `upstream`: to the server; `downstream`: from it; left out: both
   */
  async spoil(type: string, attributes: object, ...streams: ('upstream' | 'downstream')[]): Promise<void> {
    for (const stream of streams.length > 0 ? streams : ['upstream', 'downstream'] as const) {
      const name = `${type}-${stream}`
      await this.#call('POST', `/proxies/${this.#name}/toxics`, { name, type, stream, attributes })
      this.#toxics.push(name)
    }
  }

  /** As if nothing had been. */
  async mend(): Promise<void> {
    for (const name of this.#toxics.splice(0)) await this.#call('DELETE', `/proxies/${this.#name}/toxics/${name}`)
    await this.restore()
  }

  /** All connections gone at once, new ones refused. */
  async cut(): Promise<void> { await this.#call('POST', `/proxies/${this.#name}`, { enabled: false }) }
  async restore(): Promise<void> { await this.#call('POST', `/proxies/${this.#name}`, { enabled: true }) }

  async #call(method: string, path: string, body?: object): Promise<void> {
    const answer = await fetch(`${this.#api}${path}`, { method, ...(body && { body: JSON.stringify(body) }) })
    if (!answer.ok) throw new Error(await answer.text())
  }
}

import { freePort } from '../testbed/component.js'
import { sharedComponent } from './component.js'

export type Direction = 'upstream' | 'downstream'
/** A TCP line to a real component that can be spoilt while it is in use. */
export interface SpoiltLine {
  port: number
  /**
   * Toxiproxy's toxics: `latency` {latency}, `bandwidth` {rate, KB/s}, `timeout` {0: nothing gets through any more}, `limit_data`
   * {bytes, then it is cut}, `reset_peer` {timeout}. Left out: in both directions.
   */
  spoil(type: string, attributes: object, ...directions: Direction[]): Promise<void>
  mend(): Promise<void>
  /** All connections gone at once, new ones refused. */
  cut(): Promise<void>
  restore(): Promise<void>
}

/** Toxiproxy (test/testbed/faults.sh) between us and 127.0.0.1:`upstream`. */
export async function spoiltLine(upstream: number): Promise<SpoiltLine> {
  const { port: { TESTBED_TOXIPROXY_PORT: api } } = await sharedComponent('faults', ['TESTBED_TOXIPROXY_PORT'])
  const ask = async (method: string, path: string, body?: object): Promise<void> => {
    const answer = await fetch(`http://127.0.0.1:${api}${path}`, { method, ...(body && { body: JSON.stringify(body) }) })
    if (!answer.ok) throw new Error(await answer.text())
  }
  const port = await freePort()
  const name = `line-${port}`
  await ask('POST', '/proxies', { name, listen: `127.0.0.1:${port}`, upstream: `127.0.0.1:${upstream}` })
  const spoilt = new Set<string>()
  return {
    port,
    async spoil(type, attributes, ...directions) {
      for (const stream of directions.length > 0 ? directions : ['upstream', 'downstream'] as const) {
        const toxic = `${type}-${stream}`
        await ask('POST', `/proxies/${name}/toxics`, { name: toxic, type, stream, attributes })
        spoilt.add(toxic)
      }
    },
    async mend() { for (const toxic of spoilt) { await ask('DELETE', `/proxies/${name}/toxics/${toxic}`); spoilt.delete(toxic) } },
    async cut() { await ask('POST', `/proxies/${name}`, { enabled: false }) },
    async restore() { await ask('POST', `/proxies/${name}`, { enabled: true }) },
  }
}

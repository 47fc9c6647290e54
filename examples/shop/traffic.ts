import { request } from 'node:http'

/** What the sessions of the demo saw. */
export interface Seen { requests: number; failed: number; versions: Record<string, number>; moves: string[] }

/**
 * Live traffic: `sessions` visitors with a cookie each, one request a visitor in turn, `perSecond` in all.
 * A visitor whose version changes is noted as `from → to`.
 */
export class Traffic {
  readonly seen: Seen = { requests: 0, failed: 0, versions: {}, moves: [] }
  readonly #last = new Map<number, string>()
  readonly #timer: NodeJS.Timeout
  #next = 0

  constructor(url: string, { sessions = 50, perSecond = 60 }: { sessions?: number; perSecond?: number } = {}) {
    this.#timer = setInterval(() => {
      this.#next = (this.#next + 1) % sessions
      void this.#visit(url, this.#next)
    }, 1000 / perSecond)
  }

  stop(): void { clearInterval(this.#timer) }

  async #visit(url: string, session: number): Promise<void> {
    const answer = await get(url, `sid=visitor-${session}`)
    this.seen.requests += 1
    if (answer === null || answer.status >= 500) this.seen.failed += 1
    if (answer?.version === undefined) return
    this.seen.versions[answer.version] = (this.seen.versions[answer.version] ?? 0) + 1
    const before = this.#last.get(session)
    if (before !== undefined && before !== answer.version) this.seen.moves.push(`${before} → ${answer.version}`)
    this.#last.set(session, answer.version)
  }
}

function get(url: string, cookie: string): Promise<{ status: number; version: string | undefined } | null> {
  return new Promise((resolve) => {
    const asked = request(url, { headers: { cookie }, timeout: 5000 }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => { body += text }).on('end', () => {
        const version = /"shop":"([^"]+)"/.exec(body)?.[1]
        resolve({ status: response.statusCode ?? 0, version })
      }).on('error', () => resolve(null))
    })
    asked.on('error', () => resolve(null)).on('timeout', () => asked.destroy()).end()
  })
}

import { request, Agent } from 'node:http'

/** Visitors with a cookie each; what each of them saw, in order, a version as often as it changed. */
export class Sessions {
  readonly seen = new Map<string, string[]>()
  requests = 0
  readonly #agent = new Agent({ keepAlive: true })
  #going = true
  #work: Promise<unknown> = Promise.resolve()

  /** Each visitor asks again `pauseMs` after its last answer; a gateway that is away is asked again. */
  start(urls: string[], { each, pauseMs }: { each: number; pauseMs: number }): void {
    this.#work = Promise.all(urls.flatMap((url) => Array.from({ length: each }, (_, n) => this.#visit(url, `visitor-${n}`, pauseMs))))
  }

  async stop(): Promise<void> {
    this.#going = false
    await this.#work
    this.#agent.destroy()
  }

  async #visit(url: string, session: string, pauseMs: number): Promise<void> {
    const versions: string[] = []
    this.seen.set(`${url} ${session}`, versions)
    while (this.#going) {
      const version = await this.#ask(url, session)
      this.requests += 1
      if (version !== null && versions.at(-1) !== version) versions.push(version)
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }

  #ask(url: string, session: string): Promise<string | null> {
    return new Promise((resolve) => {
      const asked = request(url, { agent: this.#agent, headers: { cookie: `sid=${session}` }, timeout: 5000 }, (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (text: string) => { body += text }).on('error', () => resolve(null))
          .on('end', () => resolve(/"shop":"([^"]+)"/.exec(body)?.[1] ?? null))
      })
      asked.on('error', () => resolve(null)).on('timeout', () => asked.destroy()).end()
    })
  }
}

import { LiveRoute } from './live-route.js'
import { Sides } from './live-side.js'
import { log } from './log.js'
import { sameListen } from './matching.js'
import type { Ports } from './ports.js'
import { EdgeProblem } from './problem.js'
import { sameRoute, type Route, type RouteBody } from './route.js'
import { readState, writeState, type EdgeState } from './state-file.js'

/**
 * The routes in force. A change is in force and on the disk before it is answered, or neither; changes come one after the other.
 */
export class Routes {
  readonly sides = new Sides()
  readonly #file: string
  readonly #ports: Ports
  readonly #defaultPort: number
  #state: EdgeState = { revision: 0, routes: [] }
  #live = new Map<string, LiveRoute>()
  #queue: Promise<unknown> = Promise.resolve()
  #problem: string | null = null

  constructor(file: string, ports: Ports, defaultPort: number) {
    this.#file = file
    this.#ports = ports
    this.#defaultPort = defaultPort
  }

  /** What a person must look at. */
  get problems(): string[] { return [...this.#problem === null ? [] : [this.#problem], ...this.#ports.failed.values()] }

  list(): Route[] { return this.#state.routes }
  get(name: string): Route | null { return this.#state.routes.find((route) => route.name === name) ?? null }
  live(name: string): LiveRoute | null { return this.#live.get(name) ?? null }

  /** Put in force what was in force when the process last ran. */
  async load(): Promise<void> {
    const { problem, ...state } = await readState(this.#file)
    if (problem !== null) log('error', problem)
    this.#problem = problem
    this.#state = state
    await this.#ports.openAll(new Set(state.routes.map(({ listen }) => listen.port)), () => this.#putInForce(this.#state))
  }

  /** @throws CHANGED, LISTEN_CONFLICT, PORT_UNAVAILABLE, STATE_NOT_WRITTEN; then all is as it was */
  async put(name: string, body: RouteBody, ifRevision: number | null = null): Promise<Route> {
    return this.#oneAtATime(async () => {
      const current = this.get(name)
      const { stable, candidate, percent, sticky, match = [], mirrorPercent = 0 } = body
      const listen = body.listen ?? current?.listen ?? { port: this.#defaultPort }
      const next = { name, stable, candidate, percent, sticky, listen, ...match.length > 0 && { match }, ...mirrorPercent > 0 && { mirrorPercent } }
      if (current && sameRoute(current, next) && this.#ports.isOpen(listen.port)) return current
      if (ifRevision !== null && current?.revision !== ifRevision) throw new EdgeProblem('CHANGED', `route ${name} is at revision ${current?.revision ?? 'none'}, not ${ifRevision}: somebody else has changed it`)
      const rival = this.list().find((route) => route.name !== name && sameListen(route.listen, listen))
      if (rival) throw new EdgeProblem('LISTEN_CONFLICT', `route ${rival.name} already listens on port ${listen.port}${listen.host === undefined ? '' : `, host ${listen.host}`}${listen.path === undefined ? '' : `, path ${listen.path}`}`)
      await this.#ports.open(listen.port)
      const revision = this.#state.revision + 1
      const route = { ...next, revision }
      await this.#change({ revision, routes: [...this.list().filter((other) => other.name !== name), route] })
      return route
    })
  }

  /** @returns whether there was one. @throws STATE_NOT_WRITTEN; then all is as it was */
  async remove(name: string): Promise<boolean> {
    return this.#oneAtATime(async () => {
      if (!this.get(name)) return false
      await this.#change({ revision: this.#state.revision + 1, routes: this.list().filter((route) => route.name !== name) })
      return true
    })
  }

  async #change(state: EdgeState): Promise<void> {
    try {
      await writeState(this.#file, state)
    } catch (error) {
      this.#putInForce(this.#state) // closes a port that was opened for nothing
      throw new EdgeProblem('STATE_NOT_WRITTEN', `state file ${this.#file} cannot be written: ${(error as Error).message}`)
    }
    this.#state = state
    this.#putInForce(state)
  }

  #putInForce(state: EdgeState): void {
    this.#live = new Map(state.routes.map((route) => [route.name, this.#liveRoute(route)]))
    this.#ports.serve(state.routes.flatMap(({ name, listen }) => {
      const target = this.#live.get(name)
      return target ? [{ listen, target }] : []
    }))
    this.sides.prune(new Set(this.#live.keys()), new Set(state.routes.flatMap(({ stable, candidate }) => [stable, candidate].flatMap((side) => side ? [side.url] : []))))
  }

  /** A route that has not changed goes on as it is. */
  #liveRoute(route: Route): LiveRoute {
    const current = this.#live.get(route.name)
    if (current?.revision === route.revision) return current
    return new LiveRoute(route, this.sides.live(route.name, 'stable', route.stable), this.sides.live(route.name, 'candidate', route.candidate))
  }

  #oneAtATime<Result>(change: () => Promise<Result>): Promise<Result> {
    const result = this.#queue.then(change)
    this.#queue = result.catch(() => undefined)
    return result
  }
}

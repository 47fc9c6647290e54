import { text } from 'node:stream/consumers'
import { createServer } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import type { Child } from '../../embedded/child.js'
import { postgresQuery } from '../../embedded/postgres.js'
import { runPostgres, type RunningPostgres } from '../../embedded/run-postgres.js'
import { migrate } from '../../store/migrate.js'
import { startComponent, type Component } from '../testbed/component.js'
import { startTemporal } from './temporal-dev-server.js'

declare module 'vitest' { interface ProvidedContext { servers: string } }

/** What a test asks for; see startComponent. */
export interface ComponentRequest { script: string; ports: string[]; settings: Record<string, string>; args: string[] }

/** Started by the first test that asks, shared by all files of a run, ended with it. */
class SharedServers {
  readonly #folder: Promise<string> = mkdtemp(join(tmpdir(), 'releasectl-test-'))
  #postgres: Promise<RunningPostgres> | undefined
  #temporal: Promise<{ child: Child, address: string }> | undefined
  readonly #components = new Map<string, Promise<Component>>()
  #databases = 0
  #lastCopy: Promise<unknown> = Promise.resolve()

  /** A copy of the migrated database; one at a time, as PostgreSQL copies a template only while nobody uses it. */
  async database(): Promise<string> {
    const { url } = await (this.#postgres ??= this.#startPostgres())
    const name = `test_${this.#databases += 1}`
    const copied = this.#lastCopy.then(() => postgresQuery(withDatabase(url, 'postgres'), `create database ${name} template releasectl`))
    this.#lastCopy = copied.catch(() => undefined)
    await copied
    return withDatabase(url, name)
  }

  async temporal(): Promise<string> { return (await (this.#temporal ??= this.#folder.then(startTemporal))).address }

  /** A component of test/testbed/, the same for all who ask for it with the same words. */
  async component(request: string): Promise<string> {
    const { script, ports, settings, args } = JSON.parse(request) as ComponentRequest
    const started = this.#components.get(request) ?? startComponent(script, ports, settings, args)
    this.#components.set(request, started)
    const { folder, port } = await started
    return JSON.stringify({ folder, port })
  }

  async stop(): Promise<void> {
    for (const component of [...this.#components.values()].reverse()) await component.then(({ stop }) => stop(), () => undefined)
    await Promise.allSettled([this.#temporal?.then(({ child }) => child.stop(true)), this.#postgres?.then((postgres) => postgres.stop())])
    await rm(await this.#folder, { recursive: true, force: true })
  }

  async #startPostgres(): Promise<RunningPostgres> {
    const postgres = await runPostgres(await this.#folder)
    await migrate(postgres.url)
    return postgres
  }
}

/** vitest's global set-up: a door in its main process where test files ask for servers. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const servers = new SharedServers()
  const door = createServer((request, response) => {
    const answer = request.url === '/database' ? servers.database() : request.url === '/component' ? text(request).then((body) => servers.component(body)) : servers.temporal()
    answer.then((body) => response.end(body), (error: unknown) => response.writeHead(500).end(String(error)))
  })
  await new Promise<void>((resolve) => { door.listen(0, '127.0.0.1', resolve) })
  project.provide('servers', `http://127.0.0.1:${(door.address() as AddressInfo).port}`)
  return async () => { door.close(); await servers.stop() }
}

function withDatabase(url: string, name: string): string { return Object.assign(new URL(url), { pathname: `/${name}` }).href }

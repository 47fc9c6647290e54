import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { containerRunner } from '../activities/kinds/container.js'
import { DockerEngine } from '../drivers/containers/docker.js'
import type { ContainerSpec } from '../drivers/containers/port.js'
import { ContainerConfig } from '../plan/kinds/container.js'
import { startComponent } from '../test/testbed/component.js'
import { configOf, jobContext } from './job-context.js'
import type { Row } from './row.js'
import { setting } from './statistics.js'
import { command, inTurns } from './turns.js'

/** In a network of its own, beside any other engine of this machine. */
const ALONE = { TESTBED_DOCKER_ALONE: '1' }

/** The container driver and the `container` kind beside the docker command, on one real engine with a registry beside it. */
export async function containers(): Promise<Row[]> {
  const turns = setting('BENCH_TURNS', 15)
  const docker = await startComponent('docker', ['TESTBED_REGISTRY_PORT'], ALONE)
  try {
    const socket = `unix://${docker.folder}/docker/docker.sock`
    const [engine, image, env] = [new DockerEngine({ host: socket }), `localhost:${docker.port['TESTBED_REGISTRY_PORT']}/app:v1`, { DOCKER_HOST: socket }]
    const cli = (...args: string[]): Promise<string> => command('docker', args, { env })
    await command('bash', [fileURLToPath(new URL('../test/testbed/docker.sh', import.meta.url)), 'sample', 'app:v1'], { env: { ...ALONE, TESTBED_DIR: docker.folder, TESTBED_REGISTRY_PORT: String(docker.port['TESTBED_REGISTRY_PORT']) } })
    const names = Array.from({ length: turns + 1 }, () => `bench-${randomUUID().slice(0, 8)}`)
    const remove = (mark: string) => async (turn: number): Promise<void> => { await engine.remove(`${names[turn] ?? ''}${mark}`) }
    let release = ''
    return [
      await inTurns('driver: create and start a container, beside `docker run -d`', turns,
        { run: async (turn) => { await engine.create(specOf(`${names[turn] ?? ''}-a`, image)); await engine.start(`${names[turn] ?? ''}-a`) }, tidy: remove('-a') },
        { run: (turn) => cli('run', '-d', '--name', `${names[turn] ?? ''}-b`, image), tidy: remove('-b') }),
      await inTurns('`container` job: tag to digest, look for what runs, start, see it run, log it; beside `docker pull`, `docker run -d` and `docker inspect`', turns,
        {
          run: async () => { release = `r-${randomUUID()}`; await containerRunner.execute(configOf(ContainerConfig, { image, health: { stableFor: '0s' }, keep: 1 }), jobContext('container', release, { engine: async () => engine })) },
          tidy: async () => { for (const { name } of await engine.list({ 'releasectl.release': release })) await engine.remove(name) },
        },
        { run: async (turn) => { await cli('pull', '-q', image); await cli('run', '-d', '--name', `${names[turn] ?? ''}-c`, image); await cli('inspect', `${names[turn] ?? ''}-c`) }, tidy: remove('-c') }),
    ]
  } finally { await docker.stop() }
}

const specOf = (name: string, image: string): ContainerSpec => ({
  name, image, command: null, entrypoint: null, environment: {}, labels: {}, ports: [], restart: 'no', cpus: null, memoryBytes: null, pids: null, volumes: [], networks: [], aliases: [],
  healthcheck: null, user: null, workDir: null, log: { maxSize: '10m', maxFiles: 3 },
})

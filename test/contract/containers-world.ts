import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { DockerEngine } from '../../drivers/containers/docker.js'
import type { EngineConnection } from '../../drivers/containers/port.js'
import { sharedComponent } from '../support/component.js'
import { freePort } from '../testbed/component.js'
import type { EngineWorld } from './containers.js'

/** The doors of the run's one engine: the same words for all who ask, so that there is one. */
const ALL_DOORS = ['TESTBED_LOGIN_REGISTRY_PORT', 'TESTBED_DOCKER_TLS_PORT', 'TESTBED_DOCKER_SSH_PORT']

/** The run's own Docker engine with its registry, and its images app:v1 and app:v2. */
export async function dockerComponent(more: { ports?: string[]; settings?: Record<string, string> } = {}) {
  const { folder, port } = await sharedComponent('docker', ['TESTBED_REGISTRY_PORT', ...more.ports ?? ALL_DOORS], more.settings && { settings: more.settings })
  const registry = `localhost:${port['TESTBED_REGISTRY_PORT']}`
  const script = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('bash', [fileURLToPath(new URL('../testbed/docker.sh', import.meta.url)), ...args], { env: { ...process.env, ...more.settings, TESTBED_DIR: folder, ...Object.fromEntries(Object.entries(port).map(([name, value]) => [name, String(value)])) } })).stdout
  /** The docker command on this engine. */
  const docker = async (...args: string[]): Promise<string> =>
    (await promisify(execFile)('docker', args, { env: { ...process.env, DOCKER_HOST: `unix://${folder}/docker/docker.sock` } })).stdout.trim()
  return {
    folder, port, registry, script, docker, socket: `${folder}/docker/docker.sock`,
    sample: async (name: string, ...options: string[]) => script('sample', name, ...options),
    /** Take room from a disk until `empty`. */
    fill: async (file: string, bytes: number) => { await promisify(execFile)('fallocate', ['-l', String(bytes), file]) },
    empty: async (file: string) => { await promisify(execFile)('rm', ['-f', file]) },
    /** Give a tag the content of an image that the engine has. */
    move: async (tag: string, to: string) => {
      await docker('tag', `${registry}/${to}`, tag)
      await docker('push', '-q', tag)
    },
  }
}

/** What a process that is no container does to a port. */
export async function occupy(port: number): Promise<() => Promise<void>> {
  const server = createServer().listen(port, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return async () => { await new Promise((resolve) => server.close(resolve)) }
}

export async function dockerWorld(connection: (folder: string) => Promise<EngineConnection>): Promise<EngineWorld> {
  const { folder, registry, sample, docker } = await dockerComponent()
  for (const name of ['app:v1', 'app:v2']) await sample(name)
  return {
    port: new DockerEngine(await connection(folder)), unreachable: new DockerEngine({ host: `tcp://127.0.0.1:${await freePort()}` }),
    image: `${registry}/app:v1`, other: `${registry}/app:v2`, occupy, freePort,
    async move(tag, to) {
      await docker('pull', '-q', `${registry}/${to}`)
      await docker('tag', `${registry}/${to}`, tag)
      await docker('push', '-q', tag)
      await docker('rmi', tag, `${registry}/${to}`)
    },
    stop: async () => undefined,
  }
}

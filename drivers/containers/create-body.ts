import type { ContainerSpec, PortBinding } from './port.js'

/** The engine's own networks know no names. */
const WITHOUT_NAMES = ['bridge', 'host', 'none', 'default']
const NANO_PER_MS = 1_000_000
const NANO_CPUS = 1e9

/** What `POST /containers/create` takes (Docker Engine API v1.41), and the networks to connect it to before it starts. */
export interface CreateBody { body: Record<string, unknown>; connect: Record<string, Record<string, unknown>> }

export function createBody(spec: ContainerSpec): CreateBody {
  const [first, ...others] = spec.networks
  const endpoint = (network: string): Record<string, unknown> => WITHOUT_NAMES.includes(network) ? {} : { Aliases: [spec.name, ...spec.aliases] }
  return {
    body: {
      Image: spec.image,
      ...spec.command && { Cmd: spec.command },
      ...spec.entrypoint && { Entrypoint: spec.entrypoint },
      Env: Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`),
      Labels: spec.labels,
      ...spec.user !== null && { User: spec.user },
      ...spec.workDir !== null && { WorkingDir: spec.workDir },
      ...spec.healthcheck && { Healthcheck: healthOf(spec.healthcheck) },
      ExposedPorts: Object.fromEntries(spec.ports.map((port) => [portKey(port), {}])),
      HostConfig: {
        PortBindings: portBindings(spec.ports),
        RestartPolicy: restartOf(spec.restart),
        LogConfig: { Type: 'json-file', Config: { 'max-size': spec.log.maxSize, 'max-file': String(spec.log.maxFiles) } },
        ...spec.cpus !== null && { NanoCpus: Math.round(spec.cpus * NANO_CPUS) },
        ...spec.memoryBytes !== null && { Memory: spec.memoryBytes },
        ...spec.pids !== null && { PidsLimit: spec.pids },
        Binds: spec.volumes,
        ...first !== undefined && { NetworkMode: first },
      },
      ...first !== undefined && { NetworkingConfig: { EndpointsConfig: { [first]: endpoint(first) } } },
    },
    connect: Object.fromEntries(others.map((network) => [network, endpoint(network)])),
  }
}

export const portKey = ({ container, protocol }: PortBinding): string => `${container}/${protocol}`

export function portBindings(ports: PortBinding[]): Record<string, { HostIp: string; HostPort: string }[]> {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const port of ports) (bindings[portKey(port)] ??= []).push({ HostIp: port.address, HostPort: port.host === 0 ? '' : String(port.host) })
  return bindings
}

function restartOf(restart: string): { Name: string; MaximumRetryCount: number } {
  const [name = 'no', attempts = '0'] = restart.split(':')
  return { Name: name, MaximumRetryCount: Number(attempts) }
}

const healthOf = ({ command, intervalMs, timeoutMs, startPeriodMs, retries }: NonNullable<ContainerSpec['healthcheck']>): Record<string, unknown> => ({
  Test: command, Interval: intervalMs * NANO_PER_MS, Timeout: timeoutMs * NANO_PER_MS, StartPeriod: startPeriodMs * NANO_PER_MS, Retries: retries,
})

import type { Json } from '../../domain/json.js'
import type { ContainerCopy, ContainerState, ImageState, PortBinding } from './port.js'
import type { CreateBody } from './create-body.js'

const SHORT_ID = 12
const DETAIL_CHARACTERS = 300

/** The part of `GET /containers/{id}/json` (Docker Engine API v1.41) that is read here. */
export interface Inspected {
  Id: string
  Name: string
  Created: string
  Image: string
  RestartCount: number
  Config: { Image: string; Hostname?: string; Env: string[] | null; Labels: Record<string, string> | null } & Record<string, unknown>
  State: { Status: ContainerState['status']; Running: boolean; ExitCode: number; Error?: string; OOMKilled?: boolean; Health?: { Status: string; Log?: { Output: string; ExitCode: number }[] | null } | null }
  HostConfig: { PortBindings: Bindings | null; RestartPolicy?: { Name: string }; NetworkMode: string; Binds: string[] | null; Mounts?: { Target: string }[] | null } & Record<string, unknown>
  Mounts: { Type: string; Name?: string; Destination: string; RW: boolean }[]
  NetworkSettings: { Ports?: Bindings | null; Networks: Record<string, Endpoint> }
}
type Bindings = Record<string, { HostIp: string; HostPort: string }[] | null>
interface Endpoint { IPAMConfig: Record<string, unknown> | null; Links: string[] | null; Aliases: string[] | null; DriverOpts?: Record<string, string> | null }

export function containerState(found: Inspected): ContainerState {
  const { State: state } = found
  const health = state.Health?.Status
  const isOver = state.Status === 'exited' || state.Status === 'dead' || state.Status === 'restarting'
  return {
    id: found.Id, name: found.Name.slice(1), image: found.Config.Image, imageId: found.Image, labels: found.Config.Labels ?? {}, environment: environmentOf(found.Config.Env),
    status: state.Status, exitCode: isOver ? state.ExitCode : null,
    health: health === 'starting' || health === 'healthy' || health === 'unhealthy' ? health : null,
    detail: detailOf(found), restarts: found.RestartCount, restart: found.HostConfig.RestartPolicy?.Name ?? 'no', createdAt: found.Created,
    ports: portsOf(state.Running ? found.NetworkSettings.Ports ?? {} : found.HostConfig.PortBindings ?? {}),
  }
}

export function imageState(found: { Id: string; RepoDigests: string[] | null; RepoTags: string[] | null; Size: number; Config: { Env: string[] | null } | null }): ImageState {
  return { id: found.Id, digests: found.RepoDigests ?? [], tags: found.RepoTags ?? [], environment: environmentOf(found.Config?.Env ?? null), sizeBytes: found.Size }
}

/** A container as it would have to be created again: its own configuration, its image by digest where that is known. */
export function containerCopy(found: Inspected, image: ImageState | null): ContainerCopy {
  const { Hostname, ...config } = found.Config
  const repository = found.Config.Image.replace(/@sha256:.*$/, '').replace(/:[\w.-]+$/, '')
  const digest = image?.digests.find((one) => one.startsWith(`${repository}@`)) ?? image?.digests[0] ?? null
  const made = {
    ...config,
    // An engine names a container after its id when nobody says otherwise; the next one has another id.
    ...Hostname !== undefined && Hostname !== found.Id.slice(0, SHORT_ID) && found.HostConfig.NetworkMode !== 'host' && { Hostname },
    HostConfig: { ...found.HostConfig, Binds: [...found.HostConfig.Binds ?? [], ...anonymousVolumes(found)] },
  }
  const { NetworkMode: first } = found.HostConfig
  const endpoints = Object.entries(found.NetworkSettings.Networks).map(([name, endpoint]) => [name, endpointOf(endpoint, found.Id)] as const)
  const own = endpoints.find(([name]) => name === first)
  const body: CreateBody = {
    body: { ...made, ...own && first !== 'bridge' && { NetworkingConfig: { EndpointsConfig: { [first]: own[1] } } } },
    connect: Object.fromEntries(endpoints.filter(([name]) => name !== first && !(first === 'default' && name === 'bridge'))),
  }
  return { name: found.Name.slice(1), running: found.State.Running, imageId: found.Image, pinned: digest, make: JSON.parse(JSON.stringify(body)) as Json }
}

/** A volume without a name in the container's configuration lives on by the name the engine gave it. */
function anonymousVolumes({ Mounts, HostConfig }: Inspected): string[] {
  const named = new Set([...(HostConfig.Binds ?? []).map((bind) => bind.split(':')[1]), ...(HostConfig.Mounts ?? []).map(({ Target }) => Target)])
  return Mounts.flatMap(({ Type, Name, Destination, RW }) => Type === 'volume' && Name !== undefined && !named.has(Destination) ? [`${Name}:${Destination}${RW ? '' : ':ro'}`] : [])
}

const endpointOf = ({ IPAMConfig, Links, Aliases, DriverOpts }: Endpoint, id: string): Record<string, unknown> => ({
  ...IPAMConfig && { IPAMConfig }, ...Links && { Links }, ...DriverOpts && { DriverOpts },
  // The engine adds the id it gave it.
  ...Aliases && { Aliases: Aliases.filter((alias) => alias !== id.slice(0, SHORT_ID)) },
})

export function environmentOf(pairs: string[] | null): Record<string, string> {
  return Object.fromEntries((pairs ?? []).map((pair) => [pair.split('=', 1)[0] ?? '', pair.slice(pair.indexOf('=') + 1)]))
}

function portsOf(bindings: Bindings): PortBinding[] {
  const all = Object.entries(bindings).flatMap(([key, hosts]) => (hosts ?? []).map(({ HostIp, HostPort }) => {
    const [container, protocol] = key.split('/')
    return { container: Number(container), host: Number(HostPort), address: HostIp === '' ? '0.0.0.0' : HostIp, protocol: protocol === 'udp' ? 'udp' as const : 'tcp' as const }
  }))
  // Published on all addresses, a port is told twice: for IPv4 and for IPv6.
  return all.filter((port) => port.address !== '::' || !all.some((other) => other.address === '0.0.0.0' && other.container === port.container && other.host === port.host))
}

function detailOf({ State: { Status, Error: error, OOMKilled, Health } }: Inspected): string | null {
  if (Status === 'running' && Health?.Status === 'unhealthy') return `its health check says: ${Health.Log?.at(-1)?.Output.trim().slice(0, DETAIL_CHARACTERS) ?? 'nothing'}`
  if (Status === 'running') return null
  return OOMKilled === true ? 'it took more memory than it may' : error === undefined || error === '' ? null : error
}

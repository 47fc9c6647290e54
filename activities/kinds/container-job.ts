import { durationMs } from '../../domain/duration.js'
import type { ContainerPort, ContainerState, PortBinding, RegistryLogin } from '../../drivers/containers/port.js'
import type { ContainerConfig } from '../../plan/kinds/container.js'
import { containerSpec, portBinding, type Unnamed } from '../containers/container-spec.js'
import { wantedImage, type Say, type WantedImage } from '../containers/fetch-image.js'
import { registryLogin } from '../containers/registry-login.js'
import { LABEL, releaseLabels, serviceLabels, serviceOf, type Service } from '../containers/service.js'
import type { Up } from '../containers/until-up.js'
import type { JobContext } from '../kind-runner.js'

const DEFAULT = { healthMs: 60_000, stableMs: 2000, graceMs: 10_000 }

/** One `container` job on its engine: what its parts share. */
export interface ContainerJob {
  engine: ContainerPort
  service: Service
  releaseId: string
  version: string
  login: RegistryLogin | null
  graceMs: number
  say: Say
}

export async function containerJob(config: ContainerConfig, context: JobContext): Promise<ContainerJob> {
  const { release } = context.call
  return {
    engine: await context.engine(config.docker), service: serviceOf(release, config.service ?? release.project), releaseId: release.releaseId,
    version: config.version ?? release.version, login: registryLogin(config.image, config.registry),
    graceMs: config.stopTimeout === undefined ? DEFAULT.graceMs : durationMs(config.stopTimeout), say: sayer(context),
  }
}

/** What runs of the service now and is not of this release, and what it takes over from. */
export async function running({ engine, service, releaseId }: ContainerJob, { replace }: ContainerConfig): Promise<ContainerState[]> {
  const ours = (await engine.list(serviceLabels(service))).filter(({ labels }) => labels[LABEL.release] !== releaseId)
  const others = (await Promise.all(replace.map((name) => engine.inspect(name)))).filter((state) => state !== null)
  return [...ours, ...others].filter(({ status }) => status === 'running' || status === 'restarting' || status === 'paused')
}

export const own = async ({ engine, service, releaseId }: ContainerJob): Promise<ContainerState[]> => engine.list(releaseLabels(service, releaseId))

/** The digest that this release's first container settled on stays, whatever the tag means by now; else what was seen before it acted. */
export async function imageOf(job: ContainerJob, config: ContainerConfig, mine: ContainerState[], seen: string | null): Promise<WantedImage> {
  const settled = mine.find(({ labels }) => labels[LABEL.image] === config.image)?.labels[LABEL.digest] ?? null
  return wantedImage(job.engine, config, job.login, settled ?? seen)
}

export const portsOf = ({ ports }: ContainerConfig, n: number): PortBinding[] => ports.map((port) => portBinding(port, n))

export function specOf({ service, releaseId, version }: ContainerJob, config: ContainerConfig, image: WantedImage, index: number, context: JobContext): Unnamed {
  const environment = { ...context.system, ...config.environment }
  return containerSpec(config, { service, releaseId, version, index, image, ports: portsOf(config, index), environment, secrets: secretNames(environment, context) })
}

/** Names whose values hold a secret. */
export const secretNames = (environment: Record<string, string>, context: JobContext): string[] =>
  Object.entries(environment).flatMap(([name, value]) => context.redact(value) === value ? [] : [name])

export const isRecreated = ({ order, ports }: ContainerConfig): boolean =>
  order === undefined ? ports.some((port) => portBinding(port, 1).host !== 0) : order === 'recreate'

export function upOf({ health }: ContainerConfig, engine: ContainerPort, state: ContainerState | null): Up {
  const [port] = state?.ports ?? []
  return {
    url: health.path === undefined || !port ? null : new URL(health.path, urlOf(engine, port)).href, expectedStatus: health.expectedStatus,
    stableForMs: health.stableFor === undefined ? DEFAULT.stableMs : durationMs(health.stableFor), timeoutMs: health.timeout === undefined ? DEFAULT.healthMs : durationMs(health.timeout),
  }
}

export function urlOf({ reachedAt }: ContainerPort, { address, host }: PortBinding): string {
  const at = address === '0.0.0.0' || address === '::' ? reachedAt : address
  return `http://${at.includes(':') ? `[${at}]` : at}:${host}`
}

function sayer(context: JobContext): Say {
  let offset = 0
  return (line) => {
    context.log('info', offset, `${line}\n`)
    offset += Buffer.byteLength(line) + 1
  }
}

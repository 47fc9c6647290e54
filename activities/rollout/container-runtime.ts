import { isIP } from 'node:net'
import type { Json } from '../../domain/json.js'
import type { ContainerCopy, ContainerPort, ContainerState, PortBinding } from '../../drivers/containers/port.js'
import type { ContainerDeploy, RolloutConfig } from '../../plan/kinds/rollout.js'
import { bringUp } from '../containers/bring-up.js'
import { containerSpec } from '../containers/container-spec.js'
import { fetchImage, wantedImage, type Say } from '../containers/fetch-image.js'
import { followLogs, type WriteLog } from '../containers/follow-logs.js'
import { registryLogin } from '../containers/registry-login.js'
import { prune, retireContainer } from '../containers/retire.js'
import { LABEL, releaseLabels, serviceOf } from '../containers/service.js'
import { containerDiff, wantedShown } from '../containers/shown.js'
import { bringBack } from '../containers/take-back.js'
import { whyOver } from '../containers/until-up.js'
import type { JobCall } from '../contract.js'
import { systemVariables } from '../system-variables.js'
import { failure } from '../../domain/failures.js'
import type { Runtime } from './runtime.js'

const EVERYWHERE = '0.0.0.0'

export interface ContainerRuntimeDeps { engine: ContainerPort; deploy: ContainerDeploy; call: JobCall; /** Names of variables whose values are secret. */ secrets: string[]; say: Say }

/** A version is a container of an engine, found by its labels; its port on the machine stays the same however often it is started. */
export function containerRuntime({ engine, deploy, call, secrets, say }: ContainerRuntimeDeps): Runtime {
  const config = call.config as unknown as RolloutConfig
  const service = serviceOf(call.release, config.service)
  const { releaseId, version } = call.release
  const at = deploy.address ?? engine.reachedAt
  const find = async (id: string): Promise<ContainerState | null> => (await engine.list(releaseLabels(service, id)))[0] ?? null
  const login = registryLogin(deploy.image, deploy.registry)

  return {
    name: (id) => `${config.service}/${id}`,
    async start(signal) {
      const settled = (await find(releaseId))?.labels[LABEL.digest] ?? null
      const image = await wantedImage(engine, deploy, login, settled)
      await fetchImage(engine, image, login, say, signal)
      const ports = portsOf(deploy, at)
      await mustBeFree(engine, ports, image.reference, (await find(releaseId))?.name)
      const spec = containerSpec(deploy, {
        service, releaseId, version: config.version ?? version, index: 1, image, ports, secrets,
        environment: { ...systemVariables(call), PORT: String(deploy.port), ...deploy.environment },
      })
      const { name, ports: [port] } = await bringUp(engine, service, spec)
      say(`container ${name} of ${image.reference} is started`)
      return { url: `http://${at.includes(':') ? `[${at}]` : at}:${port?.host ?? deploy.hostPort}` }
    },
    async facts(id) {
      const state = await find(id)
      return { container: state?.name ?? null, port: state?.ports[0]?.host ?? null, image: state?.image ?? null, digest: state?.labels[LABEL.digest] ?? null }
    },
    async inspect(id) {
      const state = await find(id)
      const over = whyOver(state)
      return state && { running: over === null && state.status === 'running', exitCode: state.exitCode, ...over !== null && state.detail !== null && { detail: state.detail } }
    },
    async spec(id) {
      const state = await find(id)
      return state && await engine.copy(state.name) as unknown as Json
    },
    async preview(stableId) {
      const [mine, old] = [await find(releaseId), stableId === null ? null : await find(stableId)]
      const image = await wantedImage(engine, deploy, login, mine?.labels[LABEL.digest] ?? null)
      if (!mine) await mustBeFree(engine, portsOf(deploy, at), image.reference, undefined)
      const shown = wantedShown(deploy.image, image)
      const diff = old && await containerDiff(engine, old, { image: shown, ports: portsOf(deploy, at), environment: { PORT: String(deploy.port), ...deploy.environment }, secrets, system: Object.keys(systemVariables(call)) })
      return { isOurs: old !== null, after: `${shown}${image.moved === null ? '' : `; ${image.moved}`}`, ...diff !== null && { diff } }
    },
    async revive(spec, signal) { await bringBack(engine, { ...spec as unknown as ContainerCopy, running: true }, login, say, signal) },
    async stop(id, graceMs) {
      const state = await find(id)
      if (!state) return
      await retireContainer(engine, state, graceMs)
      await prune(engine, service, { current: releaseId, keep: deploy.keep, repository: state.image.split('@')[0] ?? '', say })
    },
    async tail(id, bytes) {
      const state = await find(id)
      return state ? engine.tail(state.name, bytes) : ''
    },
    async follow(id, write: WriteLog) {
      const state = await find(id)
      return followLogs(engine, state ? [state.name] : [], write)
    },
  }
}

/** @throws TARGET_REFUSED naming who holds the port */
async function mustBeFree(engine: ContainerPort, ports: Parameters<ContainerPort['portHolders']>[0], image: string, own: string | undefined): Promise<void> {
  const [holder] = await engine.portHolders(ports, image, own === undefined ? [] : [own])
  if (holder) throw failure('TARGET_REFUSED', `port ${holder.port.host} is taken by ${holder.by} on engine ${engine.where}: nothing was started`)
}

const portsOf = (deploy: ContainerDeploy, at: string): PortBinding[] => [{ container: deploy.port, host: deploy.hostPort, address: bindOf(deploy, at), protocol: 'tcp' }]

/** A name cannot be bound to: then every address of the machine is. */
const bindOf = ({ bind }: ContainerDeploy, at: string): string => bind ?? (isIP(at) === 0 ? EVERYWHERE : at)

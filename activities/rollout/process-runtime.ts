import type { Json } from '../../domain/json.js'
import type { HostPort, ServiceSpec } from '../../drivers/hosts/port.js'
import type { ProcessDeploy } from '../../plan/kinds/rollout.js'
import type { JobCall } from '../contract.js'
import { systemVariables } from '../system-variables.js'
import { versionDiff, withoutKnown, type Version } from '../version-diff.js'
import type { Runtime } from './runtime.js'
import { splitCommand } from './split-command.js'

/** A version is a process of a host, started detached with $PORT set. */
export function processRuntime(host: HostPort, { service, deploy, secrets }: { service: string; deploy: ProcessDeploy; /** Names of variables whose values are secret. */ secrets: string[] }, call: JobCall): Runtime {
  const key = (id: string): string => `${service}/${id}`
  const own = (): ServiceSpec => {
    const { command, workDir, environment, port } = deploy
    return {
      key: key(call.release.releaseId), command: typeof command === 'string' ? splitCommand(command) : command,
      workDir: workDir ?? null, environment: { ...systemVariables(call), ...environment }, port, secrets,
    }
  }
  const shown = ({ command, workDir, environment, secrets: secret }: ServiceSpec): Version => ({
    parts: { command: [command.join(' ')], workDir: workDir === null ? [] : [workDir] }, environment: withoutKnown(environment, {}, Object.keys(systemVariables(call))), secret: secret ?? null,
  })
  return {
    name: key,
    async start() {
      const { port } = await host.start(own())
      return { url: `http://${host.address}:${port}` }
    },
    async facts(id) {
      const state = await host.inspect(key(id))
      return { port: state?.port ?? null, pid: state?.pid ?? null }
    },
    inspect: (id) => host.inspect(key(id)),
    spec: async (id) => await host.spec(key(id)) as unknown as Json,
    async preview(stableId) {
      const old = stableId === null ? null : await host.spec(key(stableId))
      const diff = old && versionDiff(shown(old), shown(own()))
      return { isOurs: old !== null, ...diff !== null && { diff } }
    },
    async revive(spec) { await host.start(spec as unknown as ServiceSpec) },
    stop: (id, graceMs) => host.stop(key(id), graceMs),
    tail: (id, bytes) => host.tail(key(id), bytes),
  }
}

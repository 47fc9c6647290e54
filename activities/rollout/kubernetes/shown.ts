import type { ClusterObject } from '../../../drivers/clusters/port.js'
import { withoutKnown, type Version } from '../../version-diff.js'
import { REPLICAS, SECRETS } from './objects.js'

interface Container { name: string; image?: string; command?: string[]; env?: { name: string; value?: string; valueFrom?: unknown }[]; ports?: { containerPort: number; protocol?: string }[] }

/** What a Deployment runs: of the container that a release changes, its image, command, ports and variables, without those named `system`. */
export function versionOf({ metadata, spec }: ClusterObject, container: string | undefined, system: string[]): Version {
  const { containers = [] } = (spec as { template?: { spec?: { containers?: Container[] } } } | undefined)?.template?.spec ?? {}
  const { image, command, env = [], ports = [] } = containers.find(({ name }) => name === container) ?? containers[0] ?? { name: '' }
  const replicas = metadata.annotations?.[REPLICAS] ?? String((spec as { replicas?: number } | undefined)?.replicas ?? 1)
  return {
    parts: { image: image === undefined ? [] : [image], command: command ? [command.join(' ')] : [], port: ports.map(({ containerPort, protocol = 'TCP' }) => `${containerPort}/${protocol}`), replicas: [replicas] },
    environment: withoutKnown(Object.fromEntries(env.map(({ name, value, valueFrom }) => [name, valueFrom === undefined ? value ?? '' : '(by reference)'])), {}, system), secret: metadata.annotations?.[SECRETS]?.split(',') ?? null,
  }
}

import { shortDigest } from '../../domain/image-reference.js'
import type { ContainerPort, ContainerState, PortBinding } from '../../drivers/containers/port.js'
import { versionDiff, withoutKnown } from '../version-diff.js'
import type { WantedImage } from './fetch-image.js'
import { LABEL } from './service.js'

/** What a container of the plan would be made of. `system`: names of the variables that every release sets anew. */
export interface Planned { image: string; ports: PortBinding[]; environment: Record<string, string>; secrets: string[]; system: string[] }

/** `shop:2 (sha256:0123456789ab)`: as the plan names it, and what that is. */
export const wantedShown = (named: string, { digest, reference }: WantedImage): string => `${named} (${digest === null ? reference : shortDigest(digest)})`
export const imageShown = ({ labels, image, imageId }: ContainerState): string => `${labels[LABEL.image] ?? image} (${shortDigest(labels[LABEL.digest] ?? imageId)})`

/** In what a container that would be made differs from one that is there; undefined: in nothing. Secret values are hidden. */
export async function containerDiff(engine: ContainerPort, old: ContainerState, next: Planned): Promise<string | undefined> {
  const known = await engine.image(old.imageId)
  return versionDiff({
    parts: { image: [imageShown(old)], port: old.ports.map(portText) },
    environment: withoutKnown(old.environment, { ...known?.environment }, next.system), secret: old.labels[LABEL.secrets]?.split(',') ?? null,
  }, { parts: { image: [next.image], port: next.ports.map((port) => portText(kept(port, old.ports))) }, environment: next.environment, secret: next.secrets })
}

/** A free port of the machine is no other than the free one before. */
const kept = (port: PortBinding, before: PortBinding[]): PortBinding =>
  (port.host === 0 && before.find(({ container, address, protocol }) => container === port.container && address === port.address && protocol === port.protocol)) || port

const portText = ({ address, host, container, protocol }: PortBinding): string => `${address}:${host === 0 ? 'a free one' : host} → ${container}/${protocol}`

import { shortDigest } from '../../domain/image-reference.js'
import type { ContainerPort, ContainerState } from '../../drivers/containers/port.js'
import type { Say } from './fetch-image.js'
import { LABEL, serviceLabels, type Service } from './service.js'

/** Stop a container. It stays for the way back, unless its engine would start it again by itself. */
export async function retireContainer(engine: ContainerPort, { name, restart }: Pick<ContainerState, 'name' | 'restart'>, graceMs: number): Promise<void> {
  await engine.stop(name, graceMs)
  if (restart === 'always') await engine.remove(name)
}

/**
 * Clean up after a service: the containers of the `keep` newest releases that do not run any more stay, older ones go, and
 * with them their images where nothing uses them. What cannot be removed is told and stays.
 */
export async function prune(engine: ContainerPort, service: Service, { current, keep, repository, say }: { current: string; keep: number; repository: string; say: Say }): Promise<void> {
  const all = (await engine.list(serviceLabels(service))).reverse()
  const releases = [...new Set(all.flatMap(({ labels }) => labels[LABEL.release] ?? []))]
  const runs = new Set(all.flatMap(({ status, labels }) => status === 'running' || status === 'restarting' || status === 'paused' ? labels[LABEL.release] ?? [] : []))
  const old = new Set(releases.filter((release) => release !== current && !runs.has(release)).slice(keep))
  const going = all.filter(({ labels }) => old.has(labels[LABEL.release] ?? ''))
  try {
    for (const { name } of going) { await engine.remove(name); say(`removed container ${name} of an earlier release`) }
    for (const id of new Set(going.map(({ imageId }) => imageId))) if (await engine.removeImage(id, repository)) say(`removed image ${shortDigest(id)}`)
  } catch (error) { say(`not all could be cleaned up: ${(error as Error).message}`) }
}

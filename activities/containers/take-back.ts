import { failure } from '../../domain/failures.js'
import type { ContainerCopy, ContainerPort, RegistryLogin } from '../../drivers/containers/port.js'
import type { Say } from './fetch-image.js'

/** A container runs again exactly as it was: the one that was kept, else made anew from its image by digest. @throws TARGET_REFUSED */
export async function bringBack(engine: ContainerPort, copy: ContainerCopy, login: RegistryLogin | null, say: Say, signal: AbortSignal): Promise<void> {
  const { name, imageId, pinned, running } = copy
  if (await engine.image(imageId) === null) {
    if (pinned === null) throw failure('TARGET_REFUSED', `image ${imageId} of container ${name} is gone from engine ${engine.where}, and no registry has it`)
    const pulled = await engine.pull(pinned, login, { progress: () => undefined, signal })
    say(`pulled ${pinned} again for container ${name}`)
    if (pulled.id !== imageId) throw failure('TARGET_REFUSED', `${pinned} is image ${pulled.id} now, container ${name} ran ${imageId}`)
  }
  await engine.createCopy(copy)
  if (!running) return
  await engine.start(name)
  say(`container ${name} runs again`)
}

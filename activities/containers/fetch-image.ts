import { failure } from '../../domain/failures.js'
import { parseImage, pinned, shortDigest, tagged, type ImageReference } from '../../domain/image-reference.js'
import type { ContainerPort, ImageState, PullProgress, RegistryLogin } from '../../drivers/containers/port.js'
import type { ContainerParts } from '../../plan/kinds/container-parts.js'

const MIB = 1024 ** 2
export type Say = (line: string) => void

/** What an image of a plan is. `digest` null: it is in no registry; `reference` is its id then. */
export interface WantedImage { reference: string; repository: string; digest: string | null; /** Why not what its tag means now; null: it is. */ moved: string | null }

/**
 * What the plan's image means, by digest. Changes nothing.
 * @param settled the digest this release has already settled on: it stays, whatever the tag means by now
 * @throws CONFIG_INVALID, TARGET_REFUSED, TARGET_UNREACHABLE
 */
export async function wantedImage(engine: ContainerPort, { image, pull }: Pick<ContainerParts, 'image' | 'pull'>, login: RegistryLogin | null, settled: string | null): Promise<WantedImage> {
  const written = parseImage(image)
  if (!written) throw failure('CONFIG_INVALID', `image: ${image} names no image`)
  const { repository } = written
  const fixed = written.digest ?? settled
  if (pull === 'never' && written.digest === null) {
    const there = await engine.image(settled === null ? tagged(written) : pinned(written, settled)) ?? await engine.image(tagged(written))
    if (!there) throw failure('TARGET_REFUSED', `engine ${engine.where} does not have image ${image}, and pull is never`)
    const digest = digestIn(there, written)
    return { reference: digest === null ? there.id : pinned(written, digest), repository, digest, moved: movedFrom(written, fixed, digest) }
  }
  const now = written.tag === null && written.digest !== null || pull === 'never' ? written.digest : await tagDigest(engine, written, pull, login, fixed !== null)
  const digest = fixed ?? now
  if (digest === null) throw failure('TARGET_REFUSED', `the registry has no ${tagged(written)}`)
  return { reference: pinned(written, digest), repository, digest, moved: movedFrom(written, fixed, now) }
}

/** Have it on the engine, and tell how far that is. */
export async function fetchImage(engine: ContainerPort, wanted: WantedImage, login: RegistryLogin | null, say: Say, signal: AbortSignal): Promise<ImageState> {
  if (wanted.moved !== null) say(wanted.moved)
  const there = await engine.image(wanted.reference)
  if (there) { say(`${wanted.reference} is on the engine`); return there }
  let last = ''
  const progress = (now: PullProgress): void => {
    const line = progressLine(now)
    if (line !== last) say(`pulling ${wanted.reference}: ${line}`)
    last = line
  }
  return engine.pull(wanted.reference, login, { progress, signal })
}

const progressLine = ({ layers, layersDone, bytes, totalBytes }: PullProgress): string =>
  `${layersDone} of ${layers} layers${totalBytes > 0 ? `, ${(bytes / MIB).toFixed(1)} of ${(totalBytes / MIB).toFixed(1)} MiB` : ''}`

/** Null: the registry has no such tag any more, and nobody needs it. */
async function tagDigest(engine: ContainerPort, written: ImageReference, pull: ContainerParts['pull'], login: RegistryLogin | null, isSettled: boolean): Promise<string | null> {
  if (pull === 'missing') {
    const there = await engine.image(tagged(written))
    const digest = there && digestIn(there, written)
    if (digest !== null) return digest
  }
  try { return await engine.resolve(tagged(written), login) } catch (error) {
    if (isSettled && (error as { type?: string }).type === 'TARGET_REFUSED') return null
    throw error
  }
}

const digestIn = ({ digests }: ImageState, { repository }: ImageReference): string | null => digests.find((one) => one.startsWith(`${repository}@`))?.split('@')[1] ?? null

const movedFrom = (written: ImageReference, fixed: string | null, now: string | null): string | null =>
  fixed === null || fixed === now ? null : `${tagged(written)} has moved: it was ${shortDigest(fixed)} and is ${now === null ? 'gone' : shortDigest(now)} now; ${shortDigest(fixed)} is deployed`

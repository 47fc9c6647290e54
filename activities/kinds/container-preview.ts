import type { Change } from '../../domain/change.js'
import { shortDigest } from '../../domain/image-reference.js'
import type { ContainerState, PortBinding } from '../../drivers/containers/port.js'
import type { ContainerConfig } from '../../plan/kinds/container.js'
import { LABEL, containerName } from '../containers/service.js'
import type { JobContext } from '../kind-runner.js'
import { containerJob, imageOf, own, portsOf, running, secretNames } from './container-job.js'

const HIDDEN = '***'

/** What a `container` job would do: which containers go, which come, and in what the first of each differ. */
export async function previewContainer(config: ContainerConfig, context: JobContext): Promise<Change[]> {
  const job = await containerJob(config, context)
  const [before, mine] = [await running(job, config), await own(job)]
  const image = await imageOf(job, config, mine, null)
  const shown = `${config.image} (${image.digest === null ? image.reference : shortDigest(image.digest)})`
  const [old] = before
  const known = old && await job.engine.image(old.imageId)
  const diff = old && diffOf([
    ...lines('image', [imageShown(old)], [shown]),
    ...lines('port', old.ports.map(portText), portsOf(config, 1).map(portText)),
    ...variables(withoutKnown(old.environment, { ...known?.environment }, Object.keys(context.system)), old.labels[LABEL.secrets]?.split(',') ?? null, config.environment, secretNames(config.environment, context)),
  ])
  const names = Array.from({ length: config.replicas }, (_, n) => mine.find(({ labels }) => labels[LABEL.index] === String(n + 1))?.name ?? containerName(job.service, job.version, n + 1))
  return [
    ...before.map((state): Change => ({ what: `container ${state.name}`, action: 'delete', before: imageShown(state), after: null })),
    ...names.map((name, n): Change => {
      const there = mine.find((state) => state.name === name)
      return { what: `container ${name}`, action: there ? there.status === 'running' ? 'none' : 'update' : 'create', before: there ? there.status : null, after: `${shown}${image.moved === null ? '' : `; ${image.moved}`}`, ...n === 0 && diff && { diff } }
    }),
  ]
}

const imageShown = ({ labels, image, imageId }: ContainerState): string => `${labels[LABEL.image] ?? image} (${shortDigest(labels[LABEL.digest] ?? imageId)})`
const portText = ({ address, host, container, protocol }: PortBinding): string => `${address}:${host === 0 ? 'a free one' : host} → ${container}/${protocol}`

/** Without what the image sets itself, and what every release sets anew. */
const withoutKnown = (all: Record<string, string>, image: Record<string, string>, system: string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(all).filter(([name, value]) => image[name] !== value && !system.includes(name)))

/** `secret` null: nobody knows which of the old values are: all are hidden. */
function variables(before: Record<string, string>, secret: string[] | null, after: Record<string, string>, secretNow: string[]): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().flatMap((name) => {
    if (before[name] === after[name]) return []
    const show = (value: string | undefined, hide: boolean): string[] => value === undefined ? [] : [`${name}=${hide || secretNow.includes(name) ? HIDDEN : value}`]
    return lines('env', show(before[name], secret === null || secret.includes(name)), show(after[name], secret?.includes(name) === true), true)
  })
}

function lines(what: string, before: string[], after: string[], always = false): string[] {
  if (!always && before.join() === after.join()) return []
  return [...before.map((line) => `-${what} ${line}`), ...after.map((line) => `+${what} ${line}`)]
}
const diffOf = (all: string[]): string | undefined => all.length > 0 ? all.join('\n') : undefined

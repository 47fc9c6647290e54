import type { Change } from '../../domain/change.js'
import type { ContainerConfig } from '../../plan/kinds/container.js'
import { LABEL, containerName } from '../containers/service.js'
import { containerDiff, imageShown, wantedShown } from '../containers/shown.js'
import type { JobContext } from '../kind-runner.js'
import { containerJob, imageOf, own, portsOf, running, secretNames } from './container-job.js'

/** What a `container` job would do: which containers go, which come, and in what the first of each differ. */
export async function previewContainer(config: ContainerConfig, context: JobContext): Promise<Change[]> {
  const job = await containerJob(config, context)
  const [before, mine] = [await running(job, config), await own(job)]
  const image = await imageOf(job, config, mine, null)
  const shown = wantedShown(config.image, image)
  const [old] = before
  const diff = old && await containerDiff(job.engine, old, {
    image: shown, ports: portsOf(config, 1), environment: config.environment, secrets: secretNames(config.environment, context), system: Object.keys(context.system),
  })
  const names = Array.from({ length: config.replicas }, (_, n) => mine.find(({ labels }) => labels[LABEL.index] === String(n + 1))?.name ?? containerName(job.service, job.version, n + 1))
  return [
    ...before.map((state): Change => ({ what: `container ${state.name}`, action: 'delete', before: imageShown(state), after: null })),
    ...names.map((name, n): Change => {
      const there = mine.find((state) => state.name === name)
      return { what: `container ${name}`, action: there ? there.status === 'running' ? 'none' : 'update' : 'create', before: there ? there.status : null, after: `${shown}${image.moved === null ? '' : `; ${image.moved}`}`, ...n === 0 && diff && { diff } }
    }),
  ]
}

import type { ReleaseRef } from '../../domain/release.js'

/** Whose containers: one service of a project in an environment. */
export interface Service { tenant: string; project: string; environment: string; service: string }

const NAME_CHARACTERS = 100

export const serviceOf = ({ tenant, project, environment }: ReleaseRef, service: string): Service => ({ tenant, project, environment, service })

/** By these a service's containers are found again, whoever made them and whatever became of him. */
export const serviceLabels = ({ tenant, project, environment, service }: Service): Record<string, string> => ({
  'releasectl.tenant': tenant, 'releasectl.project': project, 'releasectl.environment': environment, 'releasectl.service': service,
})

/** Those of one release. A side of a route has the release's id, so these are the side's as well. */
export const releaseLabels = (service: Service, releaseId: string): Record<string, string> => ({ ...serviceLabels(service), 'releasectl.release': releaseId })

export const LABEL = {
  release: 'releasectl.release', version: 'releasectl.version', index: 'releasectl.index',
  /** The image as the plan names it, and what that was. */
  image: 'releasectl.image', digest: 'releasectl.digest',
  /** sha256 of what it was made from: a half-made one of another try is known by it. */
  spec: 'releasectl.spec',
  /** Names of its variables whose values are secret. */
  secrets: 'releasectl.secrets',
} as const

/** `<project>-<version>-<n>`, with the service where the project has another name, in what engines allow. */
export function containerName({ project, service }: Service, version: string, n: number): string {
  const text = [project, ...service === project ? [] : [service], version].join('-')
  return `${text.normalize('NFKD').replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '').slice(0, NAME_CHARACTERS) || 'container'}-${n}`
}

import { failure } from '../../../domain/failures.js'
import { isObject } from '../../../domain/json.js'
import type { ClusterObject, ClusterPort } from '../../../drivers/clusters/port.js'
import type { KubernetesConfig } from '../../../plan/kinds/kubernetes.js'
import type { JobContext } from '../../kind-runner.js'
import { kustomized } from './kustomize.js'
import { inOrder, keyOf, nameOf, refOf } from './order.js'
import { objectsOf, parseDocuments } from './parse.js'
import { withReferences } from './references.js'
import { renderTemplate, type TemplateScope } from './template.js'

interface Source { file: string; text: string; inline: boolean }
type Config = Pick<KubernetesConfig, 'manifests' | 'kustomize' | 'kubectl' | 'valuesFile' | 'values' | 'namespace'>

/** What a job wants in its cluster, each with its namespace, in the order in which it is applied. @throws CONFIG_INVALID naming the file */
export async function manifestsOf(config: Config, cluster: ClusterPort, context: JobContext): Promise<ClusterObject[]> {
  const valueFiles = listOf(config.valuesFile)
  const scope = valueFiles.length > 0 || config.values !== undefined ? await scopeOf(valueFiles, config.values ?? {}, context) : null
  const sources = await sourcesOf(config, valueFiles.map(plainPath), context)
  const objects = sources.flatMap(({ file, text, inline }) => {
    const documents = parseDocuments(file, scope ? renderTemplate(file, text, scope) : text)
    return objectsOf(file, inline ? documents : documents.map((document) => withReferences(document, file, context.variables, context.system)))
  })
  if (objects.length === 0) throw failure('CONFIG_INVALID', 'there is no object in the manifests')
  const placed = await inNamespaces(objects, config.namespace ?? cluster.namespace, cluster)
  mustBeUnique(placed)
  return inOrder(placed)
}

async function sourcesOf({ manifests, kustomize, kubectl }: Config, valueFiles: string[], context: JobContext): Promise<Source[]> {
  const sources = await Promise.all(listOf(manifests).map(async (written): Promise<Source[]> => {
    if (/\n|: /u.test(written)) return [{ file: 'manifests', text: written, inline: true }]
    const found = Object.entries(await context.bundleFolder(written)).map(([name, text]) => ({ file: name === '' ? plainPath(written) : `${plainPath(written)}/${name}`, text, inline: false }))
    const files = found.filter(({ file }) => found.length === 1 || (/\.(?:ya?ml|json)$/u.test(file) && !/(?:^|\/)kustomization\.ya?ml$/u.test(file) && !valueFiles.includes(file)))
    if (files.length === 0) throw failure('CONFIG_INVALID', `the bundle has no ${found.length === 0 ? 'file or folder' : 'manifest in'} ${written}`)
    return files.sort((a, b) => a.file < b.file ? -1 : 1)
  }))
  if (kustomize === undefined) return sources.flat()
  const built = await kustomized(kubectl, await context.bundleFolder(''), plainPath(kustomize), context.signal)
  return [...sources.flat(), { file: plainPath(kustomize), text: built, inline: false }]
}

async function scopeOf(files: string[], values: Record<string, unknown>, context: JobContext): Promise<TemplateScope> {
  const { variables, system, call: { release } } = context
  let all: Record<string, unknown> = {}
  for (const file of files) {
    const text = await context.bundleFile(file)
    if (text === null) throw failure('CONFIG_INVALID', `the bundle has no values file ${file}`)
    for (const document of parseDocuments(file, text)) {
      if (!isObject(document)) throw failure('CONFIG_INVALID', `${file} is no map of values`)
      all = over(all, withReferences(document, file, variables, system) as Record<string, unknown>)
    }
  }
  return { Values: over(all, values), Release: { Name: release.project, Version: release.version, Environment: release.environment, ID: release.releaseId } }
}

/** Later wins, map by map. */
function over(base: Record<string, unknown>, later: Record<string, unknown>): Record<string, unknown> {
  return { ...base, ...Object.fromEntries(Object.entries(later).map(([name, value]) => [name, isObject(value) && isObject(base[name]) ? over(base[name], value) : value])) }
}

/** Kinds that the manifests themselves define count as they are defined. */
async function inNamespaces(objects: ClusterObject[], namespace: string, cluster: ClusterPort): Promise<ClusterObject[]> {
  return Promise.all(objects.map(async (object) => {
    const definition = objects.map(({ kind, spec }) => kind === 'CustomResourceDefinition' ? spec as { group?: string; scope?: string; names?: { kind?: string } } : null)
      .find((spec) => spec?.names?.kind === object.kind && object.apiVersion.startsWith(`${spec.group ?? ''}/`))
    const namespaced = (await cluster.resource(object))?.namespaced ?? (definition ? definition.scope !== 'Cluster' : true)
    const { namespace: own, ...metadata } = object.metadata
    return { ...object, metadata: { ...metadata, ...namespaced && { namespace: own ?? namespace } } }
  }))
}

function mustBeUnique(objects: ClusterObject[]): void {
  const seen = new Set<string>()
  for (const ref of objects.map(refOf)) {
    if (seen.has(keyOf(ref))) throw failure('CONFIG_INVALID', `${nameOf(ref)} is in the manifests twice`)
    seen.add(keyOf(ref))
  }
}

const listOf = (value: string | string[] | undefined): string[] => value === undefined ? [] : typeof value === 'string' ? [value] : value
const plainPath = (path: string): string => path.split('/').filter((step) => step !== '.' && step !== '').join('/')

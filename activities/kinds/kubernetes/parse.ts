import { parseAllDocuments, type Tags } from 'yaml'
import { failure } from '../../../domain/failures.js'
import { isObject } from '../../../domain/json.js'
import type { ClusterObject } from '../../../drivers/clusters/port.js'

/** YAML 1.1 as Kubernetes reads it: `0644` is octal; but no dates, and `22:22` is a text. */
const LEFT_OUT = ['timestamp', 'intTime', 'floatTime', 'binary', 'omap', 'pairs', 'set']
const kubernetesTags = (tags: Tags): Tags => tags.filter((tag) => typeof tag === 'string' ? !LEFT_OUT.includes(tag) : tag.format !== 'TIME' && !/timestamp|binary|omap|pairs|set$/u.test(tag.tag))

/** The values of a text with any number of YAML documents (JSON is YAML); empty ones are left out. @throws CONFIG_INVALID naming file and line */
export function parseDocuments(file: string, text: string): unknown[] {
  const documents = parseAllDocuments(text, { version: '1.1', customTags: kubernetesTags, logLevel: 'silent', prettyErrors: true, merge: true })
  return [...documents as Iterable<Exclude<(typeof documents), { empty: true }>[number]>].flatMap((document) => {
    const [wrong] = document.errors
    if (wrong) throw failure('CONFIG_INVALID', `${file}${wrong.linePos ? `, line ${wrong.linePos[0].line}` : ''}: ${wrong.message.split('\n', 1)[0]?.replace(/ at line .*$/u, '')}`)
    const value: unknown = document.toJS()
    return value === null || value === undefined ? [] : [value]
  })
}

/** The objects among the documents, lists taken apart. @throws CONFIG_INVALID for what is none */
export function objectsOf(file: string, documents: unknown[]): ClusterObject[] {
  return documents.flatMap((document, n) => {
    const what = `${file}${documents.length > 1 ? ` (document ${n + 1})` : ''}`
    if (!isObject(document)) throw failure('CONFIG_INVALID', `${what} is no Kubernetes object`)
    if (document['kind'] === 'List' && Array.isArray(document['items'])) return objectsOf(file, document['items'])
    const { apiVersion, kind, metadata } = document
    const lacks = typeof apiVersion !== 'string' ? 'apiVersion' : typeof kind !== 'string' ? 'kind' : !isObject(metadata) || typeof metadata['name'] !== 'string' ? 'metadata.name' : null
    if (lacks === null) return [{ ...document, apiVersion: apiVersion as string, kind: kind as string, metadata: metadata as ClusterObject['metadata'] }]
    const why = isObject(metadata) && metadata['generateName'] !== undefined ? ' (generateName would make another object each time it is tried again)' : ''
    throw failure('CONFIG_INVALID', `${what}${typeof kind === 'string' ? `, a ${kind},` : ''} has no ${lacks}${why}`)
  })
}

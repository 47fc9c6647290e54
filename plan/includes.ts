import type { IssueList } from './issue.js'
import { MAX_INCLUDE_DEPTH, MAX_INCLUDES } from './limits.js'
import { entryOf, isNull, mapNode, textOf, without, type Entry, type MapNode, type Node, type Place } from './node.js'
import { readYaml } from './source.js'
import { nearest } from './suggest.js'

/** Keys that are about the file, not its content. */
const HEADER = ['apiVersion', 'kind', 'includes', 'variables']

/** The files a plan includes, directly or not. */
export interface Includes {
  /** By `kind`, or file name without extension. More than one file: the name alone does not say which. */
  byName: Map<string, { file: string; content: MapNode }[]>
  /** By folder, then file name without extension. */
  byFolder: Map<string, Map<string, MapNode>>
  /** Their `variables`, lowest first. */
  variables: { file: string; node: MapNode }[]
}

/** Read what a plan includes, and what that includes. Paths are relative to the file they stand in. */
export function readIncludes(root: MapNode, files: Map<string, string>, issues: IssueList): Includes {
  const loader = new Loader(files, issues)
  loader.load(root, [root.place.file])
  return loader.includes
}

class Loader {
  readonly includes: Includes = { byName: new Map(), byFolder: new Map(), variables: [] }
  readonly #files: Map<string, string>
  readonly #issues: IssueList
  readonly #loaded = new Set<string>()

  constructor(files: Map<string, string>, issues: IssueList) {
    this.#files = files
    this.#issues = issues
  }

  load(root: MapNode, chain: readonly string[]): void {
    const list = entryOf(root, 'includes')
    if (list === undefined || isNull(list)) return
    if (list.type !== 'list') {
      this.#issues.add('WRONG_TYPE', list.place, 'includes is a list of { path: ./file.yaml }')
      return
    }
    for (const item of list.items) this.#loadOne(item, chain)
  }

  #loadOne(item: Node, chain: readonly string[]): void {
    const written = item.type === 'map' ? item.entries.get('path')?.value : undefined
    const path = textOf(written)
    if (item.type !== 'map' || written === undefined || path === null) {
      this.#issues.add('WRONG_TYPE', written?.place ?? item.place, 'an include is { path: ./file.yaml }')
      return
    }
    for (const [key, { key: place }] of item.entries) if (key !== 'path') this.#issues.add('UNKNOWN_KEY', place, `${key} is not known here; allowed: path`)
    const file = resolvePath(item.place.file, path)
    if (file === null) this.#issues.add('INCLUDE_OUTSIDE', written.place, `${path} lies outside the bundle`)
    else if (chain.includes(file)) this.#issues.add('INCLUDE_CYCLE', written.place, `files include each other: ${[...chain.slice(chain.indexOf(file)), file].join(' → ')}`)
    else if (!this.#loaded.has(file)) this.#read(file, path, written.place, chain)
  }

  #read(file: string, path: string, place: Place, chain: readonly string[]): void {
    const text = this.#files.get(file)
    if (text === undefined) this.#issues.add('INCLUDE_NOT_FOUND', place, `${path} is not in the bundle`, nearest(file, this.#files.keys()))
    else if (chain.length > MAX_INCLUDE_DEPTH) this.#issues.add('TOO_LARGE', place, `includes nested too deeply: at most ${MAX_INCLUDE_DEPTH} levels`)
    else if (this.#loaded.size >= MAX_INCLUDES) this.#issues.add('TOO_LARGE', place, `more than ${MAX_INCLUDES} includes`)
    else {
      this.#loaded.add(file)
      const root = readYaml(file, text, this.#issues)
      if (!root) return
      this.load(root, [...chain, file])
      this.#register(file, root)
    }
  }

  #register(file: string, root: MapNode): void {
    const content = without(root, ...HEADER)
    const steps = file.split('/')
    const stem = (steps.at(-1) ?? file).replace(/\.[^.]+$/u, '')
    const name = textOf(entryOf(root, 'kind')) ?? stem
    this.includes.byName.set(name, [...this.includes.byName.get(name) ?? [], { file, content }])
    const folder = steps.at(-2)
    if (folder !== undefined) this.includes.byFolder.set(folder, new Map([...this.includes.byFolder.get(folder) ?? [], [stem, content]]))
    const variables = entryOf(root, 'variables')
    if (variables?.type === 'map') this.includes.variables.push({ file, node: variables })
    else if (variables && !isNull(variables)) this.#issues.add('WRONG_TYPE', variables.place, 'variables is a map of name to value')
  }
}

/** Bundle paths use `/` and no leading `./`. Null when `path` leaves the bundle. */
export function resolvePath(from: string, path: string): string | null {
  if (path.startsWith('/') || path.includes('\\') || /^[a-z]+:/iu.test(path)) return null
  const steps = from.split('/').slice(0, -1)
  for (const step of path.split('/')) {
    if (step === '' || step === '.') continue
    if (step !== '..') steps.push(step)
    else if (steps.pop() === undefined) return null
  }
  return steps.join('/')
}

/** `includes` as one value: names that say which file, with folders beside them. */
export function includesNode(includes: Includes, place: Place): MapNode {
  const entries = new Map<string, Entry>()
  for (const [name, [first, ...more]] of includes.byName) if (first && more.length === 0) entries.set(name, { key: first.content.place, value: first.content })
  for (const [folder, files] of includes.byFolder) {
    const same = entries.get(folder)?.value
    const children = [...files].map(([name, value]): [string, Entry] => [name, { key: value.place, value }])
    entries.set(folder, { key: place, value: mapNode(same?.place ?? place, [...same?.type === 'map' ? same.entries : [], ...children]) })
  }
  return mapNode(place, entries)
}

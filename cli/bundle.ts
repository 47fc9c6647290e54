import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, posix, resolve, sep } from 'node:path'
import { failure } from '../domain/failures.js'
import { isObject } from '../domain/json.js'
import { resolvePath } from '../plan/includes.js'
import { IssueList } from '../plan/issue.js'
import { toJson } from '../plan/node.js'
import { readYaml } from '../plan/source.js'

/** A plan with every file it names, by path relative to the plan's folder. */
export interface Bundle { entry: string; files: Record<string, string> }

const MOST_BYTES = 10 * 1024 * 1024
const MOST_FILES = 500
const LEFT_OUT = new Set(['.git', 'node_modules', '.releasectl'])

/**
 * Read a plan, its includes (and theirs), and every file or folder one of them names as `./…`. What is named but not there
 * is left to the compiler, which knows the line. @throws REQUEST_INVALID: outside the plan's folder, binary; TOO_LARGE
 */
export function collectBundle(planFile: string): Bundle {
  const folder = new Folder(planFile)
  folder.addYaml(basename(planFile), planFile)
  return { entry: basename(planFile), files: folder.files }
}

/** The plan's folder: nothing from outside it gets into the bundle. */
class Folder {
  readonly files: Record<string, string> = {}
  readonly #root: string
  readonly #entry: string
  #bytes = 0
  constructor(planFile: string) {
    const path = resolve(planFile)
    if (!statOf(path)?.isFile()) throw failure('REQUEST_INVALID', `${planFile}: no such file\n\`releasectl init\` writes a first plan`)
    this.#root = realpathSync(dirname(path))
    this.#entry = basename(path)
  }

  /** @param path relative to the root, with `/` @param by who names it */
  addYaml(path: string, by: string): void {
    if (!this.#add(path, by)) return
    const node = readYaml(path, this.files[path] ?? '', new IssueList())
    if (!node) return // the compiler says what is wrong
    const content = toJson(node)
    if (!isObject(content)) return
    for (const include of Array.isArray(content['includes']) ? content['includes'] : []) {
      const file = isObject(include) && typeof include['path'] === 'string' ? resolvePath(path, include['path']) : null
      if (file !== null) this.addYaml(file, path) // one outside the folder is an issue with a line: the compiler's
    }
    for (const named of relativePaths(content)) for (const from of new Set([this.#entry, path])) this.#addAny(this.#inside(from, named), path)
  }

  /** A file as it is, a folder with all that is in it; nothing when there is none. */
  #addAny(path: string, by: string): void {
    if (path === '' || !statOf(join(this.#root, path))?.isDirectory()) { this.#add(path, by); return }
    for (const name of readdirSync(join(this.#root, path)).sort()) if (!LEFT_OUT.has(name)) this.#addAny(posix.join(path, name), by)
  }

  /** @returns false when it is there already or does not exist */
  #add(path: string, by: string): boolean {
    if (Object.hasOwn(this.files, path) || !statOf(join(this.#root, path))?.isFile()) return false
    const real = realpathSync(join(this.#root, path))
    if (!real.startsWith(this.#root + sep)) throw failure('REQUEST_INVALID', `${path} (named by ${by}) links outside the plan's folder ${this.#root}: ${real}`)
    const { size } = statSync(real)
    this.#bytes += size
    if (this.#bytes > MOST_BYTES) throw failure('TOO_LARGE', `${path} (named by ${by}): the plan and its files are over ${MOST_BYTES / 1024 / 1024} MiB together`)
    if (Object.keys(this.files).length >= MOST_FILES) throw failure('TOO_LARGE', `${path} (named by ${by}): the plan names more than ${MOST_FILES} files`)
    this.files[path] = textOf(readFileSync(real), path, by)
    return true
  }

  #inside(from: string, named: string): string {
    const path = resolvePath(from, named)
    if (path === null) throw failure('REQUEST_INVALID', `${from} names ${named}: outside the plan's folder ${this.#root}; move the file into it`)
    return path
  }
}

function textOf(bytes: Buffer, path: string, by: string): string {
  try {
    if (!bytes.includes(0)) return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch { /* not UTF-8: binary */ }
  throw failure('REQUEST_INVALID', `${path} (named by ${by}) is a binary file: a bundle holds text only; let a job fetch it, or name it by an absolute path`)
}

/** Every string in it that begins with `./`. Which file `./k8s/values-${env.STAGE}.yaml` is nobody knows yet: its folder. */
function relativePaths(value: unknown): string[] {
  if (typeof value === 'string') {
    const known = value.split('${', 1)[0] ?? ''
    return !/^\.\/[^\n]+$/.test(value) ? [] : known === value ? [value] : /^(\.\/.+)\//u.exec(known)?.slice(1) ?? []
  }
  if (Array.isArray(value)) return value.flatMap(relativePaths)
  return isObject(value) ? Object.values(value).flatMap(relativePaths) : []
}

const statOf = (path: string): ReturnType<typeof statSync> | null => statSync(path, { throwIfNoEntry: false }) ?? null

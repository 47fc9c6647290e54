import type { IssueCode } from './issue.js'
import { describe, lastStep, textOf, type LateNode, type Node, type Place } from './node.js'
import type { PlanSchema } from './plan-keywords.js'
import { nearest } from './suggest.js'

export type Choice =
  | { found: 'constants'; values: (string | number | boolean)[] }
  | { found: 'branch'; schema: PlanSchema }
  | { found: 'several'; schemas: PlanSchema[] }
  | { found: 'problem'; code: IssueCode; place: Place; message: string; suggestion?: string | undefined }
  | { found: 'unresolved' }

/** Which branch of a union a value is meant to be: by what it is, maps by the literal in their `type`. */
export function chooseBranch(branches: readonly PlanSchema[], node: Exclude<Node, LateNode>, resolve: (node: Node) => Node | null): Choice {
  const constants = branches.flatMap((branch) => branch.const === undefined ? [] : [branch.const])
  if (constants.length === branches.length) return { found: 'constants', values: constants }
  const fitting = branches.filter((branch) => fits(branch, node))
  const [only, ...more] = fitting.length > 0 ? fitting : branches.filter((branch) => branch.type === 'string' && node.type === 'scalar' && node.value !== null)
  if (!only) return { found: 'problem', code: 'WRONG_TYPE', place: node.place, message: `${lastStep(node.place)} is ${describe(node)}; it must be ${words(branches)}` }
  if (more.length === 0) return { found: 'branch', schema: only }
  return node.type === 'map' ? byTag([only, ...more], node, resolve) : { found: 'several', schemas: [only, ...more] }
}

/** `blue_green`, `bluegreen` and `blue-green` are one word. */
export const sameWord = (a: string, b: string): boolean => a.replaceAll(/[-_]/gu, '') === b.replaceAll(/[-_]/gu, '')

function byTag(branches: PlanSchema[], node: Exclude<Node, LateNode>, resolve: (node: Node) => Node | null): Choice {
  const tags = branches.map((branch) => branch.properties?.['type']?.const)
  if (tags.some((tag) => typeof tag !== 'string')) return { found: 'several', schemas: branches }
  const names = tags.map(String)
  const written = node.type === 'map' ? node.entries.get('type')?.value : undefined
  if (!written) return { found: 'problem', code: 'MISSING_KEY', place: node.place, message: `${lastStep(node.place)} needs type: ${names.join(', ')}` }
  const tag = resolve(written)
  if (!tag) return { found: 'unresolved' }
  if (tag.type === 'late') return { found: 'problem', code: 'LATE_VALUE', place: written.place, message: 'type must be known before the release starts' }
  const text = textOf(tag) ?? ''
  const schema = branches[names.findIndex((name) => sameWord(name, text))]
  return schema ? { found: 'branch', schema }
    : { found: 'problem', code: 'WRONG_VALUE', place: written.place, message: `type is ${describe(tag)}; allowed: ${names.join(', ')}`, suggestion: nearest(text, names) }
}

function fits(branch: PlanSchema, node: Node): boolean {
  switch (node.type) {
    case 'map': return branch.type === 'object' || isOpen(branch)
    case 'list': return branch.type === 'array' || isOpen(branch)
    case 'late': return true
    case 'scalar':
      if (branch.const !== undefined) return branch.const === node.value
      if (typeof node.value === 'number') return branch.type === 'number' || branch.type === 'integer' || branch.format === 'duration' || isOpen(branch)
      return branch.type === (node.value === null ? 'null' : typeof node.value) || isOpen(branch)
  }
}

/** Takes anything, or is a union itself. */
const isOpen = (branch: PlanSchema): boolean => branch.type === undefined && branch.const === undefined && branch.enum === undefined

function words(branches: readonly PlanSchema[]): string {
  const NAMES: Record<string, string> = { string: 'text', number: 'a number', integer: 'a whole number', boolean: 'true or false', object: 'a map', array: 'a list' }
  return [...new Set(branches.map((branch) => branch.const !== undefined ? JSON.stringify(branch.const) : NAMES[branch.type ?? ''] ?? 'something else'))].join(' or ')
}

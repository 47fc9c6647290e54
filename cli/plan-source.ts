import { existsSync } from 'node:fs'
import { failure } from '../domain/failures.js'
import { collectBundle, type Bundle } from './bundle.js'

export type PlanSource = { kind: 'file'; file: string; bundle: Bundle } | { kind: 'stored'; name: string; version: number | null }

/** What a person names: a file, or a stored plan as `name` or `name@3`. @throws REQUEST_INVALID */
export function planSource(text: string): PlanSource {
  if (existsSync(text) || /[/\\]|\.(ya?ml|json)$/i.test(text)) return { kind: 'file', file: text, bundle: collectBundle(text) }
  const [, name, version] = /^([^@]+)(?:@(\d+))?$/.exec(text) ?? []
  if (name === undefined) throw failure('REQUEST_INVALID', `${text}: neither a file nor a stored plan such as shop or shop@3`)
  return { kind: 'stored', name, version: version === undefined ? null : Number(version) }
}

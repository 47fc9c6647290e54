import { entryOf, textOf } from '../plan/node.js'
import { IssueList } from '../plan/issue.js'
import { readYaml } from '../plan/source.js'
import type { Bundle } from './bundle.js'

/** `metadata.name` of the plan, when it says one in plain text. */
export function metadataName({ entry, files }: Bundle): string | null {
  const name = textOf(entryOf(entryOf(readYaml(entry, files[entry] ?? '', new IssueList()), 'metadata'), 'name'))
  return name === null || name.includes('${') ? null : name
}

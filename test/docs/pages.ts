import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** One page of the documentation: its path from the root and its text. */
export interface Page { path: string; text: string }

export const page = (path: string): Page => ({ path, text: readFileSync(join(ROOT, path), 'utf8') })

/** README and everything in docs/ that is Markdown. */
export const pages = (): Page[] => ['README.md', ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md')).sort().map((name) => `docs/${name}`)].map(page)

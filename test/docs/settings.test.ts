import { expect, test } from 'vitest'
import { Settings } from '../../config/settings.js'
import { EdgeSettings } from '../../edge/settings.js'
import { DEFAULT_PORTS } from '../../embedded/ports.js'
import { page } from './pages.js'

const TABLES: [string, Record<string, unknown>][] = [
  ['### API and worker', defaultsOf(Settings.properties)],
  ['### edge', defaultsOf(EdgeSettings.properties)],
  ['### Ports of `npm start`', DEFAULT_PORTS],
]

test.each(TABLES)('%s in operations.md lists every setting with its default, and no other', (heading, settings) => {
  expect(rowsUnder(heading)).toEqual(Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)])))
})

function defaultsOf(properties: Record<string, object>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, (schema as { default?: unknown }).default ?? '']))
}

/** The rows of a table: setting to default. */
function rowsUnder(heading: string): Record<string, string> {
  const [, section = ''] = page('docs/operations.md').text.split(`\n${heading}`)
  const [table = ''] = section.split(/\n#+ /)
  return Object.fromEntries([...table.matchAll(/^\| `(\w+)` \| `?([^|`]*?)`? ?\|/gm)].map(([, name = '', value = '']) => [name, value]))
}

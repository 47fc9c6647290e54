import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pluginsFolder } from './lock-file.js'

const MODULE = `export const definePlugin = (plugin) => plugin
export const pluginFailure = (code, message) => Object.assign(new Error(message), { code })
`

/** Where installed plugins find \`releasectl/plugin\`: a package of a few lines beside them, of this version. */
export async function writeAuthorPackage(home: string): Promise<void> {
  const folder = join(pluginsFolder(home), 'node_modules', 'releasectl')
  const { version } = JSON.parse(await readFile(fileURLToPath(new URL('../package.json', import.meta.url)), 'utf8')) as { version: string }
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), `${JSON.stringify({ name: 'releasectl', version, type: 'module', exports: { './plugin': { types: './plugin.ts', default: './plugin.js' } } }, null, 2)}\n`)
  await writeFile(join(folder, 'plugin.js'), MODULE)
  await writeFile(join(folder, 'plugin.ts'), await readFile(fileURLToPath(new URL('./define-plugin.ts', import.meta.url)), 'utf8'))
}

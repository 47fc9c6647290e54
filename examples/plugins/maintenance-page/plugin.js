import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { definePlugin, pluginFailure } from 'releasectl/plugin'

/** The page as it is; null: there is none. */
const read = async (path) => readFile(path, 'utf8').catch((error) => { if (error.code === 'ENOENT') return null; throw error })

/** All of it or what was there. */
async function write(path, text) {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}

export const plugin = definePlugin({
  name: 'maintenance-page',
  description: 'Puts a maintenance page where a web server finds it',
  version: '1.0.0',
  defaultTimeout: '1m',
  configSchema: {
    type: 'object',
    required: ['path'],
    properties: {
      path: { type: 'string', minLength: 1, description: 'of the page, on the worker' },
      template: { type: 'string', description: 'a file of the bundle; {{version}} and {{reason}} are filled in' },
      reason: { type: 'string', default: 'We are back in a moment.' },
    },
  },

  validate: ({ path }) => path.startsWith('/') ? [] : ['path must be absolute'],
  snapshot: async ({ path }) => ({ text: await read(path) }),

  async execute({ path, template, reason }, context) {
    const page = template === undefined ? '<h1>{{version}} is on its way</h1><p>{{reason}}</p>\n' : await context.bundleFile(template)
    if (page === null) throw pluginFailure('CONFIG_INVALID', `the bundle has no file ${template}`)
    const text = page.replaceAll('{{version}}', context.version).replaceAll('{{reason}}', reason)
    if (await read(path) === text) return { message: 'the page is there already', outputs: { path, changed: false } }
    await write(path, text)
    context.log(`wrote ${text.length} characters to ${path}`)
    return { message: `wrote ${path}`, outputs: { path, changed: true } }
  },

  async rollback({ path }, before) {
    if (before.text === null) await rm(path, { force: true })
    else await write(path, before.text)
  },

  async preview({ path }) {
    return [{ what: `page ${path}`, action: await read(path) === null ? 'create' : 'update', before: null, after: 'the maintenance page' }]
  },
})

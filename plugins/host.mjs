// One call of one plugin, in a process of its own (plugins/process.ts starts it). It is told what to do by its parent and answers once.
// A parent that is gone ends it: the next try starts another.
import { pathToFileURL } from 'node:url'

const abort = new AbortController()
const asked = new Map()
let nth = 0
process.on('disconnect', () => process.exit(1))
const tell = (message) => new Promise((resolve) => process.send(message, () => resolve()))

process.on('message', (message) => {
  if (message.do === 'abort') abort.abort(new Error('the release no longer wants this'))
  else if (message.do === 'file') { asked.get(message.id)?.(message.text); asked.delete(message.id) } else void answer(message)
})

async function answer({ entry, part, config, snapshot, facts }) {
  try {
    await tell({ done: true, value: await run({ entry, part, config, snapshot, facts }) ?? null })
  } catch (error) {
    await tell({ failed: { code: typeof error?.code === 'string' ? error.code : null, message: String(error?.message ?? error) } })
  }
  process.exit(0)
}

async function run({ entry, part, config, snapshot, facts }) {
  const { plugin } = await import(pathToFileURL(entry).href)
  if (typeof plugin !== 'object' || plugin === null) throw new Error('its module exports no `plugin`')
  if (part === 'describe') {
    const { name, description, version, configSchema, defaultTimeout } = plugin
    return { name, description, version, configSchema, defaultTimeout, parts: ['snapshot', 'execute', 'rollback', 'preview', 'uninstall'].filter((one) => typeof plugin[one] === 'function') }
  }
  if ((part === 'snapshot' || part === 'execute') && plugin.validate) {
    const wrong = await plugin.validate(config)
    if (Array.isArray(wrong) && wrong.length > 0) throw Object.assign(new Error(wrong.map(String).join('; ')), { code: 'CONFIG_INVALID' })
  }
  const context = {
    ...facts, signal: abort.signal,
    log: (text) => { process.send({ log: String(text) }) },
    heartbeat: (details) => { process.send({ heartbeat: details ?? null }) },
    bundleFile: (path) => new Promise((resolve) => { nth += 1; asked.set(nth, resolve); process.send({ file: String(path), id: nth }) }),
  }
  if (typeof plugin[part] !== 'function') throw new Error(`it has no ${part}`)
  return part === 'rollback' ? plugin.rollback(config, snapshot, context) : plugin[part](config, context)
}

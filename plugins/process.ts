import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { failure, isFailureCode } from '../domain/failures.js'
import type { Json } from '../domain/json.js'
import type { PluginCall, PluginEars } from './port.js'

const HOST = fileURLToPath(new URL('./host.mjs', import.meta.url))
const GRACE_MS = 2000
const LAST_CHARACTERS = 1000
const MEMORY_MB = 512
/** A plugin may not say that releasectl's own parts are down. */
const CODES = ['CHECK_FAILED', 'TARGET_REFUSED', 'TARGET_UNREACHABLE', 'CONFIG_INVALID']

type Said = { done: true; value: Json } | { failed: { code: string | null; message: string } } | { log: string } | { heartbeat: Json } | { file: string; id: number }
type Call = Omit<PluginCall, 'part'> & { part: PluginCall['part'] | 'describe' }

/**
 * One part of a plugin's module, run in a process of its own: whatever it does, the worker goes on. It gets PATH and HOME, none of the
 * worker's secrets. @throws TIMED_OUT, CHECK_FAILED when it throws or ends without an answer, or the code it names
 */
export async function runPlugin(name: string, entry: string, { part, timeoutMs, ...rest }: Call, ears: PluginEars): Promise<Json> {
  ears.signal.throwIfAborted()
  const child = fork(HOST, [], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [`--max-old-space-size=${MEMORY_MB}`, ...entry.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : []],
    env: Object.fromEntries(['PATH', 'HOME', 'LANG', 'TMPDIR', 'TZ'].flatMap((key) => process.env[key] === undefined ? [] : [[key, process.env[key]]])),
  })
  let said = ''
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      if (stream === 'stderr') said = (said + text).slice(-LAST_CHARACTERS)
      ears.log(stream, text)
    })
  }
  let timedOut = false
  const timer = setTimeout(() => { timedOut = true; child.kill('SIGKILL') }, timeoutMs)
  const stop = (): void => {
    if (child.connected) child.send({ do: 'abort' })
    setTimeout(() => child.kill('SIGKILL'), GRACE_MS).unref()
  }
  ears.signal.addEventListener('abort', stop, { once: true })
  try {
    const answer = await new Promise<Said>((resolve, reject) => {
      let last: Said | null = null
      child.on('message', (message: Said) => {
        if ('log' in message) ears.log('info', `${message.log}\n`)
        else if ('heartbeat' in message) ears.heartbeat(message.heartbeat)
        else if ('file' in message) void ears.bundleFile(message.file).catch(() => null).then((text) => { if (child.connected) child.send({ do: 'file', id: message.id, text }) })
        else last = message
      })
      child.once('error', (error) => { reject(failure('CHECK_FAILED', `plugin ${name} did not start: ${error.message}`)) })
      child.once('close', (code, signal) => {
        if (last !== null) { resolve(last); return }
        if (ears.signal.aborted) { reject(ears.signal.reason as Error); return }
        const how = timedOut ? failure('TIMED_OUT', `plugin ${name}: ${part} did not end within ${timeoutMs} ms, and was ended`)
          : failure('CHECK_FAILED', `plugin ${name}: ${part} ended (${signal ?? `exit code ${code}`}) without an answer${said.trim() === '' ? '' : `:\n${said.trim()}`}`)
        reject(how)
      })
      child.send({ do: 'run', entry, part, ...rest })
    })
    ears.signal.throwIfAborted()
    if ('done' in answer) return answer.value
    if (!('failed' in answer)) throw failure('CHECK_FAILED', `plugin ${name}: ${part} gave no answer`)
    const { code, message } = answer.failed
    throw failure(isFailureCode(code) && CODES.includes(code) ? code : 'CHECK_FAILED', `plugin ${name}: ${message}`)
  } finally {
    clearTimeout(timer)
    ears.signal.removeEventListener('abort', stop)
    child.kill('SIGKILL')
  }
}

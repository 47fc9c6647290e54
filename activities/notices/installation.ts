import { readFileSync } from 'node:fs'
import { Value } from 'typebox/value'
import { parse } from 'yaml'
import { failure } from '../../domain/failures.js'
import { isObject } from '../../domain/json.js'
import type { NoticeChannel } from '../../drivers/notices/port.js'
import { Channel } from '../../plan/kinds/notification.js'

type Environment = Record<string, string | undefined>
type Written = Record<string, unknown>

/** Spec 2 §11's keys for what a channel's schema calls otherwise. */
const SPELT: Record<string, string> = { webhook: 'url', smtp_host: 'host', smtp_port: 'port' }
const KINDS = ['slack', 'webhook', 'email']

/**
 * The channels and templates of the file RELEASECTL_NOTIFICATIONS names. A channel without `type` is of the type it is named.
 * `${env.NAME}` (or `${NAME}`) in a channel stands for the worker's environment, read when a notice is sent: a secret that
 * is not there stops that channel, not the worker.
 */
export class InstallationChannels {
  /** What the file says that nothing here does: for the worker's log. */
  readonly warnings: string[]
  readonly #channels: Map<string, Written>
  readonly #templates: Map<string, string>
  readonly #environment: Environment
  constructor({ channels, templates, rules, ...others }: Written, environment: Environment) {
    this.#channels = new Map(entriesOf(channels, 'channels').map(([name, channel]) => [name, shaped(name, channel)]))
    this.#templates = new Map(entriesOf(templates, 'templates').map(([name, text]) => [name, String(text)]))
    this.#environment = environment
    this.warnings = rules === undefined ? [] : ['notifications: rules have no effect here; name channels in notification jobs']
    const unknown = Object.keys(others)
    if (unknown.length > 0) throw new Error(`unknown key ${unknown.join(', ')}; known: channels, templates, rules`)
  }

  /** Read once, at start. @param file left out: no channels. @throws Error naming the file when it cannot be read or is not of that shape */
  static read(file: string | undefined, environment: Environment = process.env): InstallationChannels {
    if (file === undefined) return new InstallationChannels({}, environment)
    try {
      const content: unknown = parse(readFileSync(file, 'utf8')) ?? {}
      if (!isObject(content)) throw new Error('must hold channels and templates')
      const { notifications = content } = content
      return new InstallationChannels(notifications as Written, environment)
    } catch (error) { throw new Error(`RELEASECTL_NOTIFICATIONS ${file}: ${(error as Error).message}`, { cause: error }) }
  }

  template(name: string): string | undefined { return this.#templates.get(name) }

  /** @throws CONFIG_INVALID when there is none of that name or it is not complete, SECRET_MISSING naming the variable */
  find(name: string): NoticeChannel {
    const written = this.#channels.get(name)
    if (!written) throw failure('CONFIG_INVALID', `no such channel is configured; ${this.#channels.size > 0 ? `there are: ${[...this.#channels.keys()].join(', ')}` : 'set RELEASECTL_NOTIFICATIONS'}`)
    if (!KINDS.includes(String(written['type']))) throw failure('CONFIG_INVALID', `notices of type ${String(written['type'])} cannot be sent here; these can: ${KINDS.join(', ')}`)
    const filled = Value.Convert(Channel, Value.Default(Channel, this.#fillIn(written)))
    if (!Value.Check(Channel, filled) || typeof filled === 'string') throw failure('CONFIG_INVALID', `the channel is not complete: ${missingKeys(filled)}`)
    return toNoticeChannel(filled)
  }

  #fillIn(value: unknown): unknown {
    if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.#fillIn(inner)]))
    return typeof value !== 'string' ? value : value.replace(/\$\{(?:env\.)?(\w+)\}/g, (_, name: string) => {
      const found = this.#environment[name]
      if (found === undefined) throw failure('SECRET_MISSING', `environment variable ${name} is not set on the worker`)
      return found
    })
  }
}

/** A channel as plans write it, in the shape drivers take. */
export function toNoticeChannel(channel: Exclude<Channel, string>): NoticeChannel {
  switch (channel.type) {
    case 'slack': return channel
    case 'webhook': return { ...channel, headers: channel.headers ?? {} }
    case 'email': return { ...channel, username: channel.username ?? null, password: channel.password ?? null }
  }
}

function shaped(name: string, channel: unknown): Written {
  if (!isObject(channel)) throw new Error(`channel ${name} must be a map`)
  return { type: name, ...Object.fromEntries(Object.entries(channel).map(([key, value]) => [SPELT[key] ?? key, value])) }
}

function entriesOf(value: unknown, what: string): [string, unknown][] {
  if (value !== undefined && value !== null && !isObject(value)) throw new Error(`${what} must be a map`)
  return Object.entries(value ?? {})
}

/** Names of keys only: values may be secrets. */
function missingKeys(channel: unknown): string {
  const needs: Record<string, string[]> = { slack: ['url'], webhook: ['url', 'headers'], email: ['host', 'port', 'secure', 'username', 'password', 'from'] }
  const given = isObject(channel) ? channel : {}
  return `type ${String(given['type'])} takes ${needs[String(given['type'])]?.join(', ') ?? ''}, given are ${Object.keys(given).filter((key) => key !== 'type').join(', ')}`
}

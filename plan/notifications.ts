import type { JsonObject } from '../domain/json.js'
import { entryOf, mapNode, textOf, type Entry, type MapNode, type Node } from './node.js'
import type { Resolver } from './resolver.js'

/** Spec 2 §11's keys for what a channel's schema calls otherwise. */
const SPELT = new Map([['webhook', 'url'], ['smtp_host', 'host'], ['smtpHost', 'host'], ['smtp_port', 'port'], ['smtpPort', 'port']])

/** A notification job's config with the channels the plan defines written out; others stay names, for the installation to know. */
export function withChannels(config: MapNode, channels: Node | undefined, resolver: Resolver): MapNode {
  const written = config.entries.get('channels')
  const list = written && resolver.follow(written.value, [])?.node
  if (!written || list?.type !== 'list') return config
  const items = list.items.map((item) => {
    const name = textOf(resolver.follow(item, [])?.node)
    const entry = name !== null && channels?.type === 'map' ? channels.entries.get(name) : undefined
    return name !== null && entry?.value.type === 'map' ? channelNode(name, entry.value, entry) : item
  })
  return mapNode(config.place, [...config.entries, ['channels', { ...written, value: { ...list, items } }]])
}

/** A template the plan defines takes the place of its name. */
export function withTemplate(config: JsonObject, templates: Record<string, string>): JsonObject {
  const { template } = config
  const text = typeof template === 'string' && Object.hasOwn(templates, template) ? templates[template] : undefined
  return text === undefined ? config : { ...config, template: text }
}

function channelNode(name: string, channel: MapNode, { key }: Entry): MapNode {
  const type = entryOf(channel, 'type') ? [] : [['type', { key, value: { type: 'scalar', place: { ...key, path: `${key.path}.type` }, value: name, fixed: true } }]] satisfies [string, Entry][]
  const entries = [...channel.entries].map(([spelt, entry]): [string, Entry] => {
    const right = SPELT.get(spelt)
    return [right !== undefined && !channel.entries.has(right) ? right : spelt, entry]
  })
  return mapNode(channel.place, [...type, ...entries])
}

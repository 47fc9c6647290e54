import { isObject, type JsonObject } from '../domain/json.js'
import type { ConfigCheck, Use } from './config-check.js'
import { FleetCanary } from './fleet-schema.js'
import type { IssueList } from './issue.js'
import { KINDS } from './kinds/index.js'
import { isNull, mapNode, type LateNode, type MapNode, type Node, type Place } from './node.js'
import { canonicalKey } from './normalise.js'
import { planSchema, propertiesOf } from './plan-keywords.js'
import { StageSpec } from './plan-schema.js'

export interface FleetParts { check: ConfigCheck; issues: IssueList; /** Values of health checks that are known only for a target. */ lateNodes: LateNode[] }

/** A strategy as it is written: where its parts stand. */
export class FleetNodes {
  readonly issues: IssueList
  readonly #parts: FleetParts
  #trail: readonly string[] = []
  root: MapNode
  constructor(parts: FleetParts) {
    this.#parts = parts
    this.issues = parts.issues
    this.root = mapNode({ file: '', path: '', start: 0, end: 0 })
  }

  /** What spec 2 nests in `config` is lifted one level up. */
  strategy(stage: MapNode): { node: Node; trail: readonly string[] } | null {
    const written = entryNamed(stage, 'strategy', propertiesOf(StageSpec))
    const found = written && !isNull(written) ? this.#parts.check.resolver.follow(written, []) : null
    if (!found) return null
    this.#trail = found.trail
    if (found.node.type !== 'map') return found
    const config = found.node.entries.get('config')
    const inner = config && this.#map(config.value)
    this.root = inner ? mapNode(found.node.place, [...[...found.node.entries].filter(([key]) => key !== 'config'), ...inner.entries]) : found.node
    return { node: this.root, trail: found.trail }
  }

  clusterEntry(n: number): MapNode | null {
    const list = entryNamed(this.root, 'clusterOrder', propertiesOf(FleetCanary))
    const found = list && this.#parts.check.resolver.follow(list, this.#trail)?.node
    return found?.type === 'list' && found.items[n] ? this.#map(found.items[n]) : null
  }

  /** A `validation` config; null: none is written, or it is not right, which is reported. */
  healthCheck(node: MapNode | null): JsonObject | null {
    const written = node && entryNamed(node, 'healthCheck', propertiesOf(FleetCanary))
    if (!written || isNull(written)) return null
    const { check, issues, lateNodes } = this.#parts
    const use: Use & { places: Map<string, Place> } = { late: 'keep', trail: this.#trail, path: '', places: new Map(), lateNodes }
    const config = check.shape(planSchema(KINDS.validation.schema), written, use)
    if (!isObject(config)) return null
    try {
      for (const { path, message } of KINDS.validation.check?.(config as never) ?? []) issues.add('CONFIG_INVALID', use.places.get(path) ?? written.place, message)
    } catch { /* it holds values known later: the activity asks again */ }
    return config
  }

  #map(node: Node): MapNode | null {
    const found = this.#parts.check.resolver.follow(node, this.#trail)?.node
    return found?.type === 'map' ? found : null
  }
}

const entryNamed = (map: MapNode, name: string, properties: ReturnType<typeof propertiesOf>): Node | undefined =>
  [...map.entries].find(([key]) => canonicalKey(key, properties) === name)?.[1].value

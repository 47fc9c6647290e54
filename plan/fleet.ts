import type { ApprovalSpec } from '../domain/compiled-plan.js'
import { parseThreshold } from '../domain/criteria.js'
import { durationMs } from '../domain/duration.js'
import type { Amount, CompiledFleet, TargetChoice, WaveCheck, WavePlan } from '../domain/fleet.js'
import { isObject, type JsonObject } from '../domain/json.js'
import { lateParts } from '../domain/late-value.js'
import type { Criterion } from '../domain/measurement.js'
import { approvalSpecOf, DEFAULT_EXPIRES_MS } from './approval.js'
import type { Use } from './config-check.js'
import { FleetStrategy, type ClusterWave, type TargetsSpec } from './fleet-schema.js'
import { FleetNodes, type FleetParts } from './fleet-nodes.js'
import type { MapNode, Place } from './node.js'
import { planSchema } from './plan-keywords.js'
import type { StageSpec } from './plan-schema.js'

type Canary = Extract<FleetStrategy, { type: 'canary' }>
type Verifying = Pick<Canary, 'verifyDuration' | 'analysis'>
const ANYONE: ApprovalSpec = { approvers: [], groups: [], quorum: 1, expiresMs: DEFAULT_EXPIRES_MS, allowAuthor: false, doors: null }
const NOTHING: WaveCheck = { durationMs: 0, healthCheck: null, analysis: null }
const DEFAULT: FleetStrategy = { type: 'rolling', parallel: 20, rollbackFailed: true, autoRollback: true }

/** How a stage goes over its targets; null: it has none. */
export function fleetOf(stage: MapNode, fields: Partial<StageSpec>, places: Map<string, Place>, parts: FleetParts): CompiledFleet | null {
  const { check, issues } = parts
  const nodes = new FleetNodes(parts)
  const written = nodes.strategy(stage)
  const targetsPlace = places.get('targets')
  if (!written && !targetsPlace) return null
  const errors = issues.errors
  const use: Use & { places: Map<string, Place> } = { late: 'refuse', trail: written?.trail ?? [], path: '', places: new Map() }
  const strategy = written ? check.shape(planSchema(FleetStrategy), written.node, use) as unknown as FleetStrategy | undefined : DEFAULT
  if (!strategy || issues.errors > errors) return null
  const place = written?.node.place ?? targetsPlace ?? stage.place
  const waves = strategy.type === 'rolling' ? [wave('all')] : canaryWaves(strategy, nodes, place, use.places)
  const targets = targetsOf(fields.targets, strategy, place, parts)
  if (issues.errors > errors) return null
  const { offline, offlineWait } = targets.spec
  return {
    targets: targets.choice, waves,
    batch: strategy.batchSize === undefined ? { count: strategy.type === 'rolling' ? 1 : strategy.parallel } : amountOf(strategy.batchSize),
    intervalMs: strategy.interval === undefined ? 0 : durationMs(strategy.interval), parallel: strategy.parallel,
    maxFailures: strategy.maxFailures === undefined ? strategy.minSuccess === undefined ? { count: 0 } : null : amountOf(strategy.maxFailures),
    minSuccessPercent: strategy.minSuccess === undefined ? null : percentOf(strategy.minSuccess),
    offline, offlineWaitMs: durationMs(offlineWait), rollbackFailed: strategy.rollbackFailed, autoRollback: strategy.autoRollback,
  }
}

function targetsOf(targets: StageSpec['targets'], strategy: FleetStrategy, place: Place, { issues }: FleetParts): { choice: TargetChoice; spec: Pick<TargetsSpec, 'offline' | 'offlineWait'> } {
  const order = strategy.type === 'canary' ? strategy.clusterOrder ?? [] : []
  const named = [...new Set(order.flatMap((entry) => entry.targets ?? []))]
  if (targets === undefined) {
    if (named.length === 0 || order.some(({ selector }) => selector !== undefined)) issues.add('MISSING_KEY', place, 'a strategy needs targets beside it: whom does the stage act on?')
    return { choice: { names: named, labels: {}, type: null }, spec: { offline: 'fail', offlineWait: '15m' } }
  }
  const spec: TargetsSpec = Array.isArray(targets) ? { names: targets, offline: 'fail', offlineWait: '15m' } : targets
  if (spec.selector === undefined && spec.names === undefined && spec.all !== true && spec.type === undefined) issues.add('CONFIG_INVALID', place, 'targets needs selector, names, type or all: true')
  if (spec.all === true && (spec.selector !== undefined || spec.names !== undefined)) issues.add('CONFIG_INVALID', place, 'targets says all, and names some: only one can be meant')
  const twice = (spec.names ?? []).find((name, n, all) => all.indexOf(name) !== n)
  if (twice !== undefined) issues.add('DUPLICATE_NAME', place, `targets names ${twice} twice`)
  return { choice: { names: spec.names ?? null, labels: labelsOf(spec.selector), type: spec.type ?? null }, spec }
}

function canaryWaves(strategy: Canary, nodes: FleetNodes, place: Place, places: Map<string, Place>): WavePlan[] {
  const { canaryPercent, canaryTargets, canarySelector, clusterOrder, autoPromote, approval } = strategy
  const bySome = canaryTargets !== undefined || canarySelector !== undefined
  const ways = [canaryPercent !== undefined, bySome, clusterOrder !== undefined].filter(Boolean).length
  if (ways !== 1) {
    nodes.issues.add('CONFIG_INVALID', place, `a canary needs canaryPercent, canaryTargets or canarySelector, or clusterOrder${ways > 1 ? '; only one can be meant' : ''}`)
    return []
  }
  if (clusterOrder) return clusterWaves(clusterOrder, strategy, nodes, places)
  const check = checkOf(strategy, nodes.healthCheck(nodes.root))
  return [
    { ...wave('canary'), among: bySome ? { names: canaryTargets ?? [], labels: canarySelector === undefined ? null : labelsOf(canarySelector) } : null, percent: canaryPercent ?? null, verify: check ?? NOTHING },
    { ...wave('rest'), approval: approval ? approvalSpecOf(approval) : autoPromote ? null : ANYONE },
  ]
}

/** Lowest priority first; a canary's rest needs an entry that takes it. */
function clusterWaves(order: ClusterWave[], strategy: Canary, nodes: FleetNodes, places: Map<string, Place>): WavePlan[] {
  const entries = order.map((entry, n) => ({ entry, n })).sort((a, b) => a.entry.priority - b.entry.priority)
  const names = new Map<string, number>()
  return entries.map(({ entry, n }, position) => {
    const place = places.get(`clusterOrder.${n}`) ?? nodes.root.place
    const base = entry.name ?? `priority ${entry.priority}`
    const count = (names.get(base) ?? 0) + 1
    names.set(base, count)
    if (count > 1 && entry.name !== undefined) nodes.issues.add('DUPLICATE_NAME', place, `two entries are named ${entry.name}`)
    if (!entry.targets && !entry.selector) nodes.issues.add('MISSING_KEY', place, 'an entry of clusterOrder needs targets or selector')
    if (entry.canaryPercent !== undefined && entry.fullRollout === true) nodes.issues.add('CONFIG_INVALID', place, 'canaryPercent takes some, fullRollout all: only one can be meant')
    const after = entries.slice(position + 1).flatMap((later) => later.entry.canaryPercent === undefined ? later.entry.targets ?? [] : [])
    const lost = entry.canaryPercent === undefined || entry.canaryPercent === 100 ? [] : (entry.targets ?? []).filter((name) => !after.includes(name))
    if (lost.length > 0 && entries.slice(position + 1).every((later) => later.entry.selector === undefined)) nodes.issues.add('CONFIG_INVALID', place, `${lost.join(', ')}: ${entry.canaryPercent} % of them are a canary, but no later entry takes the rest`)
    const approval = entry.approval ? approvalSpecOf(entry.approval) : entry.approvalRequired === true ? strategy.approval ? approvalSpecOf(strategy.approval) : ANYONE : null
    return {
      name: count === 1 ? base : `${base}.${count}`, approval, percent: entry.canaryPercent ?? null,
      among: { names: entry.targets ?? [], labels: entry.selector === undefined ? null : labelsOf(entry.selector) },
      verify: checkOf({ ...pickVerifying(strategy), ...pickVerifying(entry) }, nodes.healthCheck(nodes.clusterEntry(n)) ?? nodes.healthCheck(nodes.root)),
    }
  })
}

const wave = (name: string): WavePlan => ({ name, among: null, percent: null, approval: null, verify: null })
const pickVerifying = ({ verifyDuration, analysis }: Verifying): Verifying => ({ ...(verifyDuration !== undefined && { verifyDuration }), ...(analysis && { analysis }) })

function checkOf({ verifyDuration, analysis }: Verifying, healthCheck: JsonObject | null): WaveCheck | null {
  if (verifyDuration === undefined && !analysis && healthCheck === null) return null
  return {
    durationMs: verifyDuration === undefined ? 0 : durationMs(verifyDuration), healthCheck,
    analysis: analysis ? {
      source: analysis.source, address: analysis.address ?? null, headers: analysis.headers ?? {}, failureLimit: analysis.failureLimit, errorLimit: analysis.consecutiveErrorLimit,
      intervalMs: analysis.interval === undefined ? null : durationMs(analysis.interval), criteria: analysis.queries.flatMap(criterionOf),
    } : null,
  }
}

/** A threshold that does not parse has its issue already. */
function criterionOf({ name, query, threshold: text }: { name: string; query: string; threshold: string | number }): Criterion[] {
  const threshold = parseThreshold(text)
  return threshold ? [{ name, query, threshold }] : []
}

const labelsOf = (selector: object | undefined): Record<string, string> => {
  const given = (selector ?? {}) as JsonObject
  return (isObject(given['labels']) ? given['labels'] : given) as Record<string, string>
}
const percentOf = (share: number | string): number => Number(String(share).replace('%', ''))
const amountOf = (amount: number | string): Amount => typeof amount === 'number' ? { count: amount } : { percent: percentOf(amount) }

/** Targets have no one who could be asked for each of them. */
export const asksPeople = (kind: string, config: JsonObject): boolean => kind === 'approval' || holdsApproval(config)
function holdsApproval(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || lateParts(value).length > 0 && '$late' in value) return false
  if (!Array.isArray(value) && ('waitForApproval' in value && value.waitForApproval === true || 'quorum' in value && 'approvers' in value)) return true
  return Object.values(value).some(holdsApproval)
}

import type { Change } from '../../domain/change.js'
import type { RouteSplit } from '../../drivers/traffic/port.js'
import type { GatewayConfig } from '../../plan/kinds/gateway.js'
import type { RolloutConfig } from '../../plan/kinds/rollout.js'
import type { JobCall } from '../contract.js'
import { targetOf, type RolloutDeps, type Target } from './target.js'

/** What a rollout would start, where traffic goes now and where it would go. Reads only. */
export async function preview(deps: RolloutDeps, call: JobCall): Promise<Change[]> {
  const target = await targetOf(deps, call)
  const now = await target.gateway.read(target.route)
  const started = call.kind === 'rollout' ? [await startOf(target, now, call)] : []
  return [...started, traffic(target, now, call)]
}

async function startOf({ runtime }: Target, now: RouteSplit | null, { release, config }: JobCall): Promise<Change> {
  const { service, version = release.version, deploy } = config as unknown as RolloutConfig
  const spec = now?.stable ? await runtime?.spec(now.stable.id) ?? null : null
  return {
    what: `${service} as a ${deploy.type}`, action: 'create', after: `${version} beside it, until it takes all traffic`,
    before: now?.stable ? `${now.stable.version} at ${now.stable.url}${spec === null ? ', not started by a release: it stays when the new one takes over' : ''}` : null,
  }
}

function traffic({ gateway, gatewayName, route }: Target, now: RouteSplit | null, { kind, release, config }: JobCall): Change {
  const what = `route ${gatewayName}/${route}`
  const before = now && `${now.stable?.version ?? 'nothing'}${now.candidate ? `, ${now.percent}% to ${now.candidate.version}` : ''}`
  const { strategy, restore, candidate } = config as unknown as GatewayConfig
  if (restore === true) return { what, action: 'update', before, after: 'as it was before this release' }
  const version = (kind === 'rollout' ? (config as unknown as RolloutConfig).version : candidate?.version) ?? release.version
  const steps = strategy?.type === 'canary' && now?.stable ? strategy.phases.map(({ percentage }) => `${percentage}%`).join(', ') : '100%'
  const isJudged = strategy !== undefined && (strategy.type === 'canary' ? strategy.phases : [strategy]).some(({ successCriteria }) => successCriteria !== undefined && Object.keys(successCriteria).length > 0)
  const unjudged = isJudged && !gateway.metrics ? `; ${gatewayName} keeps no counters: its successCriteria will be inconclusive, judge by analysis` : ''
  return { what, action: now ? 'update' : 'create', before, after: `${steps} to ${version}${unjudged}` }
}

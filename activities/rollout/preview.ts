import type { Change } from '../../domain/change.js'
import type { Json } from '../../domain/json.js'
import type { RouteSplit } from '../../drivers/traffic/port.js'
import type { GatewayConfig } from '../../plan/kinds/gateway.js'
import type { RolloutConfig } from '../../plan/kinds/rollout.js'
import type { JobCall } from '../contract.js'
import { redacted } from '../redacted-failure.js'
import { Redactor } from '../redaction.js'
import { knownTarget } from './known-target.js'
import type { RolloutDeps, Target } from './target.js'

/** What a rollout would start and in what that differs from what runs, where traffic goes now and where it would go. Reads only. */
export async function preview(deps: RolloutDeps, call: JobCall): Promise<Change[]> {
  const redactor = new Redactor()
  try {
    const { config, target } = await knownTarget(deps, call, redactor)
    const now = await target.gateway.read(target.route)
    const started = call.kind === 'rollout' ? [await startOf(target, now, { ...call, config })] : []
    return redactor.json([...started, traffic(target, now, call)] as unknown as Json) as unknown as Change[]
  } catch (error) { throw redacted(error, redactor) }
}

async function startOf({ runtime }: Target, now: RouteSplit | null, { release, config }: JobCall): Promise<Change> {
  const { service, version = release.version, deploy } = config as unknown as RolloutConfig
  const stable = now?.stable ?? null
  const { after, isOurs = false, diff } = await runtime?.preview(stable?.id ?? null) ?? {}
  return {
    what: `${service} as a ${deploy.type}`, action: 'create', after: `${version}${after === undefined ? '' : `, ${after},`} beside it, until it takes all traffic`,
    before: stable && `${stable.version} at ${stable.url}${isOurs ? '' : ', not started by a release: it stays when the new one takes over'}`,
    ...diff !== undefined && { diff },
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

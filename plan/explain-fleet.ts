import type { ApprovalSpec } from '../domain/compiled-plan.js'
import { formatDuration } from '../domain/duration.js'
import type { Amount, CompiledFleet, WavePlan } from '../domain/fleet.js'

/** How a stage goes over its targets, for `explain`. */
export function fleetLines(fleet: CompiledFleet, approvalLine: (spec: ApprovalSpec) => string): string[] {
  const { targets, waves, batch, intervalMs, parallel, offline, offlineWaitMs } = fleet
  const away = { skip: 'is skipped', fail: 'has failed', wait: `is waited for, at most ${formatDuration(offlineWaitMs)}` }[offline]
  return [
    `on ${whom(targets)}: ${amount(batch)} at a time${intervalMs > 0 ? `, ${formatDuration(intervalMs)} between` : ''}, at most ${parallel} at work; one that is away ${away}`,
    limitLine(fleet),
    ...waves.length > 1 ? waves.map((wave) => waveLine(wave, approvalLine)) : [],
  ]
}

function whom({ names, labels, type }: CompiledFleet['targets']): string {
  const kind = type === null ? 'targets' : `targets of type ${type}`
  const wanted = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
  return `${names === null ? wanted.length > 0 ? kind : `all ${kind}` : names.join(', ')}${wanted.length > 0 ? ` with ${wanted.join(', ')}` : ''}`
}

const amount = (given: Amount): string => 'count' in given ? `${given.count}` : `${given.percent} %`

function limitLine({ maxFailures, minSuccessPercent, rollbackFailed }: CompiledFleet): string {
  const limits = [...maxFailures === null ? [] : ['count' in maxFailures && maxFailures.count === 0 ? 'one has failed' : `more than ${amount(maxFailures)} failed`], ...minSuccessPercent === null ? [] : [`fewer than ${minSuccessPercent} % can succeed`]]
  return `fails when ${limits.join(', or when ')}${rollbackFailed ? '; a target that failed is taken back by itself' : ''}`
}

function waveLine({ name, among, percent, approval, verify }: WavePlan, approvalLine: (spec: ApprovalSpec) => string): string {
  const labels = Object.entries(among?.labels ?? {}).map(([key, value]) => `${key}=${value}`)
  const who = among === null ? percent === null ? 'everyone else' : 'the targets' : [...among.names, ...labels].join(', ')
  const checks = [
    ...verify && verify.durationMs > 0 ? [`watched for ${formatDuration(verify.durationMs)}`] : [],
    ...verify?.healthCheck ? ['its health checked'] : [], ...verify?.analysis ? [`judged by ${verify.analysis.criteria.map((one) => one.name).join(', ')}`] : [],
  ]
  return `wave ${name}: ${percent === null ? '' : `${percent} % of `}${who}${approval === null ? '' : `; ${approvalLine(approval)}`}${checks.length > 0 ? `; then ${checks.join(', ')}` : ''}`
}

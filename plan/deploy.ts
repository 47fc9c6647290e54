import type { IssueList } from './issue.js'
import { kindNamed } from './kind-named.js'
import { describe, entryOf, isNull, mapNode, textOf, without, type Entry, type MapNode, type Node, type Place } from './node.js'
import { propertiesOf } from './plan-keywords.js'
import type { Resolver } from './resolver.js'

/** Job types that stand for the kind the plan deploys by. */
export const DEPLOY_TYPES = ['deploy', 'rollback'] as const
type DeployType = (typeof DEPLOY_TYPES)[number]
export const isDeployType = (type: string): type is DeployType => (DEPLOY_TYPES as readonly string[]).includes(type)

/** Spec 2 §3.4's keys of a `rollback` task. */
const SPELT = new Map([['target_version', 'version'], ['targetVersion', 'version'], ['skip_checks', 'skipChecks']])

/**
 * A `deploy` or `rollback` job as a job of the kind it stands for: the plan's `deploy: { type, config }`, or the job's own
 * `config: { type, config }`. Other keys of the job's config go over those of the deploy's. Nothing after this knows
 * that there was such a job.
 * @returns null when it stands for nothing, which is an issue
 */
export function deployJob(node: MapNode, type: DeployType, plan: Node | undefined, { resolver, issues }: { resolver: Resolver; issues: IssueList }): { node: MapNode; type: string; place: Place } | null {
  const mapOf = (value: Node | undefined, what: string): MapNode | null => {
    if (!value || isNull(value)) return mapNode(node.place)
    const found = resolver.follow(value, [])?.node
    if (found && found.type !== 'map') issues.add('WRONG_TYPE', found.place, `${what} is ${describe(found)}; it must be a map`)
    return found?.type === 'map' ? found : null
  }
  const own = mapOf(entryOf(node, 'config'), 'config')
  const how = own && (own.entries.has('type') ? own : mapOf(plan, 'deploy'))
  if (!own || !how) return null
  const written = how.entries.get('type')
  const named = written && textOf(resolver.follow(written.value, [])?.node)
  if (!written || named === null || named === undefined) {
    issues.add('MISSING_KEY', how === own || how.entries.size > 0 ? how.place : node.place, `a ${type} job needs to know how`, 'deploy: { type: script, config: … } in the plan, or type and config in the job\'s config')
    return null
  }
  for (const [key, { key: place }] of how === own ? [] : how.entries) if (key !== 'type' && key !== 'config') issues.add('UNKNOWN_KEY', place, `${key} is not known here; allowed: type, config`)
  const base = mapOf(entryOf(how, 'config'), 'config')
  if (!base) return null
  if (type === 'rollback' && !takesBack(named)) {
    issues.add('NOT_IN_THIS_BUILD', written.value.place, `rollback jobs of what is deployed by ${named} are not in this build`)
    return null
  }
  const over = [...(how === own ? without(own, 'type', 'config') : own).entries].map(([key, entry]): [string, Entry] => [type === 'rollback' ? SPELT.get(key) ?? key : key, entry])
  const word = (value: string): Entry => ({ key: written.key, value: { type: 'scalar', place: written.value.place, value, fixed: true } })
  const config = mapNode(own.entries.size > 0 ? own.place : base.place, [...base.entries, ...over, ...type === 'rollback' ? [['operation', word('rollback')] as [string, Entry]] : []])
  return { type: named, place: written.value.place, node: mapNode(node.place, [...node.entries, ['type', word(named)], ['config', { key: node.entries.get('config')?.key ?? node.place, value: config }]]) }
}

/** Kinds that are about the folder the plan deploys to, where they name none. */
const ABOUT_FOLDER = ['backup', 'cleanup']
const SAYS = ['path', 'paths', 'versionsDir', 'versions_dir']
const FOLDERS = ['path', 'workDir', 'work_dir']

/** A backup or cleanup job's config with the folder of the plan's deploy. */
export function withDeployFolder(kind: string, config: MapNode, plan: Node | undefined, resolver: Resolver): MapNode {
  if (!plan || !ABOUT_FOLDER.includes(kind) || SAYS.some((key) => config.entries.has(key))) return config
  const deploy = entryOf(resolver.follow(plan, [])?.node, 'config')
  const found = deploy && resolver.follow(deploy, [])?.node
  const folder = found?.type === 'map' ? FOLDERS.flatMap((key) => found.entries.get(key) ?? [])[0] : undefined
  return folder ? mapNode(config.place, [...config.entries, ['path', folder]]) : config
}

/** An unknown kind is another issue. */
const takesBack = (kind: string): boolean => {
  const found = kindNamed(kind)
  return !found || Object.hasOwn(propertiesOf(found.schema), 'operation')
}

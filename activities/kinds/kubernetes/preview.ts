import { stringify } from 'yaml'
import type { Change } from '../../../domain/change.js'
import { isObject } from '../../../domain/json.js'
import { unifiedDiff } from '../../../domain/unified-diff.js'
import type { ClusterObject, ClusterPort } from '../../../drivers/clusters/port.js'
import { isJobToReplace, isToCome, type Applying } from './apply.js'
import { nameOf, refOf } from './order.js'
import { refused } from './refused.js'
import { shown } from './shown.js'
import { sameJson, sorted } from './same-json.js'
import { stamped } from './stamp.js'

const HIDDEN = '***'

/** What applying the object would change, asked of the API as a dry run. @throws TARGET_REFUSED what it would refuse */
export async function changeOf({ cluster, context, force }: Pick<Applying, 'cluster' | 'context' | 'force'>, object: ClusterObject, all: ClusterObject[]): Promise<Change> {
  const ref = refOf(object)
  const what = `${nameOf(ref)} in ${cluster.name}`
  const live = await cluster.get(ref)
  const answer = await cluster.apply(stamped(object, context), { force, dryRun: true })
  if (answer.refused && !isToCome(answer, object, all) && !isJobToReplace(answer, object)) throw refused(cluster, ref, answer)
  const next = answer.refused ? object : answer.object ?? object
  if (!live) return { what, action: 'create', before: null, after: inShort(next), diff: unifiedDiff('', textOf(next, null, '')) }
  const [before, after] = [shown(live), shown(next)]
  if (sameJson(before, after)) return { what, action: 'none', before: inShort(live), after: inShort(next) }
  return { what, action: 'update', before: inShort(live), after: answer.refused ? `${inShort(next)}, as a new Job` : inShort(next), diff: unifiedDiff(textOf(live, next, 'before'), textOf(next, live, 'after')) }
}

export const deletionOf = (cluster: ClusterPort, object: ClusterObject): Change => ({ what: `${nameOf(refOf(object))} in ${cluster.name}`, action: 'delete', before: inShort(object), after: null })

/** As YAML. Of a Secret only which of its values differ from the `other`. */
const textOf = (object: ClusterObject, other: ClusterObject | null, when: string): string => stringify(sorted(withoutSecrets(shown(object), other, when)), { lineWidth: 0 })

function withoutSecrets(object: ClusterObject, other: ClusterObject | null, when: string): ClusterObject {
  if (object.kind !== 'Secret') return object
  const hidden = (part: 'data' | 'stringData'): Record<string, unknown> => {
    const [own, others] = [object[part], other?.[part]]
    if (!isObject(own)) return {}
    return { [part]: Object.fromEntries(Object.entries(own).map(([name, value]) => [name, isObject(others) && name in others && others[name] !== value ? `${HIDDEN} (${when})` : HIDDEN])) }
  }
  return { ...object, ...hidden('data'), ...hidden('stringData') }
}

/** `shop:2, 3 replicas`; for kinds without containers only that it is there. */
function inShort({ kind, spec }: ClusterObject): string {
  if (!isObject(spec)) return kind
  const template = (kind === 'CronJob' ? (spec['jobTemplate'] as { spec?: { template?: unknown } } | undefined)?.spec?.template : spec['template']) as { spec?: { containers?: { image?: string }[] } } | undefined
  const images = template?.spec?.containers?.map(({ image }) => image ?? '').join(', ')
  return images === undefined ? kind : `${images}${typeof spec['replicas'] === 'number' ? `, ${spec['replicas']} replicas` : ''}`
}

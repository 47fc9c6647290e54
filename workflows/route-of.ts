import type { UndoCall } from '../activities/contract.js'
import type { Json } from '../domain/json.js'

/** The route that an undo's call is about: a rollout names it `route.name`, a gateway job `route` or `serviceId`. */
export function routeOf(undoCall: Json): Json | undefined {
  const { call: { config: { route, serviceId } } } = undoCall as unknown as UndoCall
  return typeof route === 'object' && route !== null && !Array.isArray(route) ? route['name'] : route ?? serviceId
}

import type { RouteSplit, Side } from './port.js'

/** Is what was asked for in force? Where the request leaves `listen` out, any will do. */
export function sameSplit(asked: RouteSplit, inForce: RouteSplit): boolean {
  return asked.percent === inForce.percent && sameSide(asked.stable, inForce.stable) && sameSide(asked.candidate, inForce.candidate)
    && asked.sticky?.by === inForce.sticky?.by && asked.sticky?.name === inForce.sticky?.name
    && (asked.listen === undefined || (asked.listen.port === inForce.listen?.port && asked.listen.host === inForce.listen.host && asked.listen.path === inForce.listen.path))
}

const sameSide = (a: Side | null, b: Side | null): boolean => a?.id === b?.id && a?.version === b?.version && a?.url === b?.url

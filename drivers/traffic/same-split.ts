import type { RouteSplit, Side } from './port.js'

/** Is what was asked for in force? Where the request leaves `listen` out, any will do; left out, there is no match and no mirror. */
export function sameSplit(asked: RouteSplit, inForce: RouteSplit): boolean {
  return asked.percent === inForce.percent && sameButPercent(asked, inForce)
    && (asked.listen === undefined || (asked.listen.port === inForce.listen?.port && asked.listen.host === inForce.listen.host && asked.listen.path === inForce.listen.path))
}

/**
 * The same for gateways whose routes stand in their own configuration: the percent within half a step, `listen` theirs.
 * @param percentStep what `can` says
 */
export const sameWithinStep = (asked: RouteSplit, inForce: RouteSplit, percentStep: number): boolean =>
  Math.abs(asked.percent - inForce.percent) <= percentStep / 2 + 1e-9 && sameButPercent(asked, inForce)

const sameButPercent = (asked: RouteSplit, inForce: RouteSplit): boolean =>
  sameSide(asked.stable, inForce.stable) && sameSide(asked.candidate, inForce.candidate)
  && asked.sticky?.by === inForce.sticky?.by && asked.sticky?.name === inForce.sticky?.name
  && (asked.mirrorPercent ?? 0) === (inForce.mirrorPercent ?? 0) && matchesOf(asked) === matchesOf(inForce)

export const sameSide = (a: Side | null, b: Side | null): boolean => a?.id === b?.id && a?.version === b?.version && a?.url === b?.url

const matchesOf = ({ match = [] }: RouteSplit): string => JSON.stringify(match.map(({ by, name, value }) => [by, name, value]))

/** For messages. */
export const splitText = (split: RouteSplit | null): string => split
  ? `${split.stable?.id ?? 'nothing'} / ${split.candidate?.id ?? 'nothing'} at ${split.percent}%` : 'no such route'

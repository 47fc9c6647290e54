import { failure } from '../domain/failures.js'

/** What a token may do; each may do all that those before it may. */
export const ROLES = ['viewer', 'deployer', 'approver', 'admin'] as const
/** Stands apart: the agent of one target, which may do what `/agent` offers and nothing else. */
export const AGENT = 'agent'
export type Role = (typeof ROLES)[number] | typeof AGENT

/** Who asks, as their token says. */
export interface User { tokenId: string; tenant: string; name: string; role: Role; groups: string[]; /** An agent's: the id of its target. */ target: string | null }

export const mayActAs = (role: Role, needed: Role): boolean => {
  if (role === AGENT || needed === AGENT) return role === needed
  return ROLES.indexOf(role) >= ROLES.indexOf(needed)
}

/** @throws FORBIDDEN naming the role that is needed */
export function mustBe(user: User, needed: Role, what: string): void {
  if (!mayActAs(user.role, needed)) throw failure('FORBIDDEN', `${what} needs the role ${needed}; ${user.name} is ${user.role}`)
}

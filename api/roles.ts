import { failure } from '../domain/failures.js'

/** What a token may do; each may do all that those before it may. */
export const ROLES = ['viewer', 'deployer', 'approver', 'admin'] as const
export type Role = (typeof ROLES)[number]

/** Who asks, as their token says. */
export interface User { tokenId: string; tenant: string; name: string; role: Role; groups: string[] }

export const mayActAs = (role: Role, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed)

/** @throws FORBIDDEN naming the role that is needed */
export function mustBe(user: User, needed: Role, what: string): void {
  if (!mayActAs(user.role, needed)) throw failure('FORBIDDEN', `${what} needs the role ${needed}; ${user.name} is ${user.role}`)
}

import { sharedComponent } from '../support/component.js'

const PORTS = { HTTP: 'TESTBED_GIT_PORT', HTTPS: 'TESTBED_GIT_TLS_PORT', SSH: 'TESTBED_GIT_SSH_PORT', 'git://': 'TESTBED_GIT_DAEMON_PORT' } as const
export type GitWay = keyof typeof PORTS
export const GIT_WAYS = Object.keys(PORTS) as GitWay[]

/** A real git server (test/testbed/git.sh). @returns the folder of its repositories and keys, and its port by the way it is asked */
export async function gitServer(): Promise<{ folder: string; port: Record<GitWay, number> }> {
  const { folder, port } = await sharedComponent('git', Object.values(PORTS))
  return { folder, port: Object.fromEntries(GIT_WAYS.map((way) => [way, port[PORTS[way]] ?? 0])) as Record<GitWay, number> }
}

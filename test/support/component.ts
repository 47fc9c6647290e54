import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { inject } from 'vitest'
import type { ComponentRequest } from './shared-servers.js'

/**
 * A real component of test/testbed/, started once a run by the first who asks and ended with the run.
 * @param script `docker` for test/testbed/docker.sh
 * @param ports names of the environment variables of its ports; each gets a free one
 * @returns the folder its state lies in (its TESTBED_DIR) and the ports by name
 */
export async function sharedComponent(script: string, ports: string[], { settings = {}, args = [] }: Partial<ComponentRequest> = {}): Promise<{ folder: string; port: Record<string, number> }> {
  const answer = await new Promise<{ status: number; body: string }>((resolve, reject) => { // not fetch: a first install may take longer than its five minutes
    const call = request(new URL('/component', inject('servers')), { method: 'POST' }, (response) => {
      text(response).then((body) => { resolve({ status: response.statusCode ?? 0, body }) }, reject)
    })
    call.on('error', reject)
    call.end(JSON.stringify({ script, ports, settings, args } satisfies ComponentRequest))
  })
  if (answer.status !== 200) throw new Error(answer.body)
  return JSON.parse(answer.body) as { folder: string; port: Record<string, number> }
}

// An installation with one target that an agent stands for, and a release under way in its environment.
import { randomUUID } from 'node:crypto'
import type { JsonObject } from '../../domain/json.js'
import { job, planOf, stage } from '../support/plan-builder.js'
import type { ApiWorld } from './api-world.js'

export interface AgentPlace { targetId: string; targetName: string; token: string; project: string }

/** The agent's token is known to the world by the target's name. */
export async function agentPlace(world: ApiWorld, targetName: string): Promise<AgentPlace> {
  const project = `shop-${randomUUID().slice(0, 8)}`
  await world.ask('deployer', 'POST', '/projects', { name: project, type: 'script' })
  const environment = (await world.ask('deployer', 'POST', `/projects/${project}/environments`, { name: 'production' })).json<{ id: string }>().id
  const targetId = (await world.ask('deployer', 'POST', `/environments/${environment}/targets`, { name: targetName, type: 'host', via: 'agent' })).json<{ id: string }>().id
  const token = await world.addToken({ name: targetName, role: 'agent', target: targetId })
  return { targetId, targetName, token, project }
}

/** As the journal would have it. @param environment of its one script; may name secrets */
export async function releaseUnderWay(world: ApiWorld, project: string, environment: JsonObject = {}, status = 'running', bundle = '0'.repeat(64)): Promise<string> {
  const id = `r-${randomUUID()}`
  const plan = planOf([stage('fleet', [job('update', 'script', { script: 'true', interpreter: '/bin/sh', environment })])])
  await world.database.release.create({
    data: { id, tenant: 'default', project, environment: 'production', version: '2.4.0', planName: 'shop', bundle, requestedBy: 'ann', status, concurrencyKey: project, requestDigest: '', input: { plan: plan as unknown as JsonObject } },
  })
  return id
}

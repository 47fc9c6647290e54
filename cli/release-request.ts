import { failure } from '../domain/failures.js'
import type { JsonObject } from '../domain/json.js'
import { givenEnvironment, givenVariables } from './given-variables.js'
import { metadataName } from './metadata-name.js'
import type { PlanSource } from './plan-source.js'

/** The flags of `run`. */
export interface RunOptions {
  project?: string; environment?: string; version?: string; var?: string[]; varFile?: string[]; envFrom?: string[]
  watch?: boolean; detach?: boolean; dryRun?: boolean; autoRollback?: boolean; skipApproval?: boolean; idempotencyKey?: string
}

/** The body of POST /releases. */
export type ReleaseRequest = JsonObject & { project: string; environment: string; version?: string; variables?: JsonObject }

/** What a person asked for, as the API takes it. @throws REQUEST_INVALID */
export function releaseRequest(source: PlanSource, options: RunOptions): ReleaseRequest {
  const environment = options.environment ?? process.env['RELEASECTL_ENVIRONMENT']
  const project = options.project ?? process.env['RELEASECTL_PROJECT'] ?? (source.kind === 'stored' ? source.name : metadataName(source.bundle))
  if (environment === undefined) throw failure('REQUEST_INVALID', 'no environment: where shall it be released?\n--environment staging, or RELEASECTL_ENVIRONMENT')
  if (project === null) throw failure('REQUEST_INVALID', 'no project: the plan has no metadata.name\n--project shop, or RELEASECTL_PROJECT')
  const variables = givenVariables(options.varFile ?? [], options.var ?? [])
  const env = givenEnvironment(source.kind === 'file' ? source.bundle : null, options.envFrom ?? [], process.env)
  return {
    ...(source.kind === 'file' ? { files: source.bundle.files, entry: source.bundle.entry } : { plan: { name: source.name, ...(source.version !== null && { version: source.version }) } }),
    project, environment, ...(options.version !== undefined && { version: options.version }),
    ...(Object.keys(variables).length > 0 && { variables }), ...(Object.keys(env).length > 0 && { env }),
    options: {
      ...(options.autoRollback !== undefined && { autoRollback: options.autoRollback }),
      ...(options.skipApproval === true && { skipApproval: true }), ...(options.dryRun === true && { dryRun: true }),
    },
  }
}

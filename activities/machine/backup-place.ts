import { readFileSync } from 'node:fs'
import { failure } from '../../domain/failures.js'
import type { JobContext } from '../kind-runner.js'
import { ask } from './ask.js'
import { environmentOf } from './script-environment.js'

const SCRIPT = readFileSync(new URL('./backups.sh', import.meta.url), 'utf8')

interface Place { app?: string; backupDir?: string; stateDir?: string }

/** A variable as the job's scripts would see it. */
export const variableOf = (name: string, context: JobContext): string | undefined => environmentOf({ environment: {} }, context)[name]
export const appOf = ({ app }: Place, context: JobContext): string => app ?? variableOf('APP_NAME', context) ?? context.call.release.project

/** The folder a job is about, where its config does not say. @throws CONFIG_INVALID */
export function folderOf(path: string | undefined, context: JobContext): string {
  const folder = path ?? variableOf('WORK_DIR', context)
  if (folder === undefined) throw failure('CONFIG_INVALID', `${context.call.job} needs path: the plan's deploy says no work_dir`)
  return folder
}

/** Something of activities/machine/backups.sh. @returns what it told */
export async function askBackups(key: string, config: Place, environment: Record<string, string>, what: string, context: JobContext): Promise<Record<string, string>> {
  const { tenant, project, environment: place, releaseId, version } = context.call.release
  const { outputs } = await ask({
    key, script: SCRIPT, what, timeoutMs: context.timeoutMs,
    environment: {
      BACKUP_DIR: config.backupDir ?? variableOf('BACKUP_DIR', context) ?? '', STATE_DIR: config.stateDir ?? '', PLACE: [tenant, project, place].join('/'),
      APP: encodeURIComponent(appOf(config, context)).replace(/^\./, '%2E'), RELEASE: releaseId, VERSION: version, PROTECT: '', ...environment,
    },
  }, context)
  return outputs
}

import type { Change } from '../../domain/change.js'
import type { ConfigOf } from '../../plan/kinds/index.js'
import type { JobContext, KindRunner } from '../kind-runner.js'
import { fresh, onTarget } from '../machine/ask.js'
import { appOf, askBackups, folderOf } from '../machine/backup-place.js'
import { InstallationRecord } from '../machine/installation.js'

type Config = ConfigOf<'cleanup'>

/** Old versions and backups. What is in force, and what taking this release back needs, stays. */
export const cleanupRunner: KindRunner<Config> = {
  async execute(config, context) {
    const { versions, backups } = await sweep(config, context, true)
    const message = `${versions.length} versions${config.cleanBackups ? ` and ${backups.length} backups` : ''} removed${onTarget(context)}`
    return { outputs: { removedVersions: versions, removedBackups: backups }, message, artifacts: [] }
  },

  async preview(config, context): Promise<Change[]> {
    const { versions, backups } = await sweep(config, context, false)
    const gone = (what: string, name: string): Change => ({ what: `${what} ${name}${onTarget(context)}`, action: 'delete', before: name, after: null })
    return [...versions.map((name) => gone('version', name)), ...backups.map((name) => gone('backup', name))]
  },
}

async function sweep(config: Config, context: JobContext, forGood: boolean): Promise<{ versions: string[]; backups: string[] }> {
  const key = forGood ? context.idempotencyKey : `${context.idempotencyKey}/${fresh()}`
  const { installation } = await new InstallationRecord(context, { app: appOf(config, context), stateDir: config.stateDir }).read(`${key}/look`)
  const PROTECT = [installation.version, installation.change?.to ?? null, installation.before[0] ?? null].filter((version) => version !== null).join('\n')
  const names = ({ gone = '' }: Record<string, string>): string[] => gone.split('/').filter((name) => name !== '')
  const at = config.versionsDir === undefined || config.path !== undefined ? folderOf(config.path, context) : config.versionsDir.replace(/\/[^/]+\/?$/u, '')
  const tidy = { DO: forGood ? 'tidy' : 'tidied', AT: at, VERSIONS: config.versionsDir ?? `${at}/releases`, KEEP: String(config.keepVersions), PROTECT, MUST: String(config.versionsDir !== undefined) }
  const versions = names(await askBackups(`${key}/versions`, config, tidy, `cleaning up ${at}`, context))
  if (!config.cleanBackups) return { versions, backups: [] }
  return { versions, backups: names(await askBackups(`${key}/backups`, config, { DO: forGood ? 'prune' : 'told', KEEP: String(config.keepBackups), PROTECT }, 'cleaning up backups', context)) }
}

import type { Change } from '../../domain/change.js'
import type { ConfigOf } from '../../plan/kinds/index.js'
import type { JobResult } from '../contract.js'
import type { JobContext, KindRunner } from '../kind-runner.js'
import { fresh, onTarget } from '../machine/ask.js'
import { askBackups, folderOf } from '../machine/backup-place.js'
import { settle } from '../machine/settle.js'

type Config = ConfigOf<'backup'>

/** Archives of folders. One that was cut off leaves nothing that counts as a backup. */
export const backupRunner: KindRunner<Config> = {
  async execute(config, context): Promise<JobResult> {
    const told = await askBackups(`${context.idempotencyKey}/backup`, config, { DO: 'create', ...wanted(config, context) }, `backing up ${named(config, context)}`, context)
    const { backupPath = '', checksum = '', size = '0', type = '', base = '', count = '0', changed = '0' } = told
    return {
      outputs: { backupPath, checksum, size: Number(size), type, base, backupCount: Number(count) },
      message: `${backupPath}${onTarget(context)}: ${size} bytes${changed === '1' ? '; files changed while they were read' : ''}`, artifacts: [],
    }
  },

  /** Put it back, if it was ever finished. The same whenever it is run again. */
  async rollback(config, _snapshot, context) {
    const { outputs } = await settle(`${context.call.idempotencyKey}/backup`, context)
    const { backupPath } = outputs
    if (!config.restore || backupPath === undefined) return
    await askBackups(`${context.idempotencyKey}/restore`, config, { DO: 'restore', BACKUP: backupPath }, `putting ${backupPath} back`, context)
  },

  async preview(config, context): Promise<Change[]> {
    const { type = '', dir = '', base = '' } = await askBackups(`${context.idempotencyKey}/${fresh()}`, config, { DO: 'preview', ...wanted(config, context) }, `looking at ${named(config, context)}`, context)
    return [{ what: `backup of ${named(config, context)}${onTarget(context)}`, action: 'create', before: null, after: `${type}${base === '' ? '' : ` on ${base}`}, in ${dir}` }]
  },
}

const pathsOf = ({ path, paths }: Config, context: JobContext): string[] => paths ?? [folderOf(path, context)]
const named = (config: Config, context: JobContext): string => pathsOf(config, context).join(', ')
const wanted = (config: Config, context: JobContext): Record<string, string> =>
  ({ TYPE: config.backupType, PATHS: pathsOf(config, context).join('\n'), PATTERNS: config.configPaths.join('\n'), KEEP: String(config.retention) })

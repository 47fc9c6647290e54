import type { Change } from '../../domain/change.js'
import { failure } from '../../domain/failures.js'
import type { ConfigOf } from '../../plan/kinds/index.js'
import { operationTimeoutMs, SCRIPT_OF } from '../../plan/kinds/script.js'
import type { JobResult } from '../contract.js'
import type { JobContext, KindRunner } from '../kind-runner.js'
import { fresh, onTarget } from '../machine/ask.js'
import { afterOperation, installedFacts, InstallationRecord, type SeenInstallation } from '../machine/installation.js'
import { runScript, scriptResult } from '../machine/run-script.js'
import { environmentOf } from '../machine/script-environment.js'
import { settle } from '../machine/settle.js'
import { chooseOperation, type Step } from './script-choice.js'

type Config = ConfigOf<'script'>
/** `text`: the record as it was; `settled`: the same once nothing is between two versions. */
interface Snapshot { version: string | null; text: string; settled: string }

/**
 * Install, update, roll back and uninstall by scripts (spec 2 §3.2). The machine's own record says what is installed.
 * Each operation: note that it begins, run its script, note that it is done. Killed in between, the next attempt finds
 * the note and the run, and goes on; an undo finds the note and goes back.
 */
export const scriptOperations = {
  async snapshot(config, context) {
    const { text, installation } = await recordOf(config, context).read(`${context.idempotencyKey}/look`)
    return { text, version: installation.version, settled: installation.change ? JSON.stringify({ ...installation, change: null }) : text } satisfies Snapshot
  },

  async execute(config, context) {
    const record = recordOf(config, context)
    const seen = await record.read(`${context.idempotencyKey}/look`) // the snapshot's own look, where there was one
    await stopForeign(seen, context)
    return perform(chooseOperation(config, seen.installation, wanted(config, context), context), seen, record, config, context)
  },

  /** To the exact version of the snapshot; nothing, where the operation never began. */
  async rollback(config, given, context) {
    const snapshot = given as unknown as Snapshot
    const record = recordOf(config, context)
    await settle(`${context.call.idempotencyKey}/begin`, context)
    const before = await record.read(`${context.idempotencyKey}/look`)
    if (before.text === snapshot.text) return
    const { installation } = before
    if (installation.releaseId !== context.call.release.releaseId) throw failure('CHECK_FAILED', `${nameOf(config, context)}${onTarget(context)} was changed by release ${installation.releaseId} since: it is at ${installation.version ?? 'no version'} and is left so`)
    if (installation.change) {
      const { key } = installation.change
      if (!(await settle(`${key}/run`, context)).began) return record.put(`${context.idempotencyKey}/not-begun`, before, snapshot.text)
      await settle(`${key}/end`, context)
    }
    const seen = installation.change ? await record.read(`${context.idempotencyKey}/look-again`) : before
    await perform(undoing(config, seen, snapshot, context), seen, record, config, context, snapshot.settled)
  },

  async preview(config, context): Promise<Change[]> {
    const { installation } = await recordOf(config, context).read(`${context.idempotencyKey}/${fresh()}`)
    const { operation, from, to } = chooseOperation(config, installation, wanted(config, context), context)
    const what = `${nameOf(config, context)}${onTarget(context)}, by ${operation}_script`
    return [{ what, action: operation === 'uninstall' ? 'delete' : from === null ? 'create' : 'update', before: from, after: to }]
  },

  async uninstall(config, context) {
    const record = recordOf(config, context)
    const seen = await record.read(`${context.idempotencyKey}/look`)
    const { installation } = seen
    if (seen.text !== '' && installation.version === null && installation.change === null) return { outputs: { installed: installedFacts('uninstall', null, null) }, message: `${nameOf(config, context)} is not installed${onTarget(context)}`, artifacts: [] }
    await stopForeign(seen, context)
    return perform(chooseOperation({ ...config, operation: 'uninstall' }, installation, wanted(config, context), context), seen, record, config, context)
  },
} satisfies KindRunner<Config> & { snapshot: unknown }

/**
 * @param after the record once it is done, where that is known
 * @throws CHECK_FAILED when the script says no: the record then goes on saying that the machine is between two versions
 */
async function perform(step: Step, seen: SeenInstallation, record: InstallationRecord, config: Config, context: JobContext, after?: string): Promise<JobResult> {
  const { operation, from, to } = step
  const key = context.idempotencyKey
  const { installation } = seen
  const makes = operation === 'install' || operation === 'rollback'
  const begun = await record.write(`${key}/begin`, seen, { ...installation, change: { operation, to, key } }, makes ? config.workDir : '')
  const { name, ...settings } = scriptSettings(step, seen, config, context)
  const timeoutMs = Math.min(context.timeoutMs, operationTimeoutMs(config, operation))
  try {
    const ran = await runScript(step.script, { name, ...settings }, { ...context, idempotencyKey: `${key}/run`, timeoutMs })
    const result = scriptResult(ran, { name, ...operation !== 'uninstall' && operation !== 'rollback' && config.outputs && { outputs: config.outputs } })
    if (after === undefined) await record.write(`${key}/end`, begun, afterOperation(installation, operation, to))
    else await record.put(`${key}/end`, begun, after)
    return { ...result, outputs: { ...result.outputs, installed: installedFacts(operation, from, to) }, message: `${nameOf(config, context)}${onTarget(context)}: ${operation} ${said(from, to)}` }
  } catch (error) {
    // No such interpreter or directory: nothing ran, so nothing is between two versions.
    if ((error as { type?: string }).type === 'CONFIG_INVALID') await record.put(`${key}/not-begun`, begun, seen.text)
    throw error
  }
}

/** Another release's operation that was left behind may still run: it ends before ours begins. */
async function stopForeign({ installation: { change, releaseId } }: SeenInstallation, context: JobContext): Promise<void> {
  if (change && releaseId !== context.call.release.releaseId) for (const part of ['run', 'end']) await settle(`${change.key}/${part}`, context)
}

/** @throws CHECK_FAILED naming what a person must do, where no script can */
function undoing(config: Config, { installation }: SeenInstallation, snapshot: Snapshot, context: JobContext): Step {
  const from = installation.change ? installation.change.to : installation.version
  const first = snapshot.version === null
  const operation = first && config.uninstallScript !== undefined ? 'uninstall' : 'rollback'
  const script = config[SCRIPT_OF[operation]]
  if (script !== undefined) return { operation, script, from, to: snapshot.version }
  const what = `${nameOf(config, context)}${onTarget(context)}`
  throw failure('CHECK_FAILED', first
    ? `the first install of ${what} cannot be taken back: the job has no uninstall_script. Remove by hand what install_script made${config.workDir === undefined ? '' : ` in ${config.workDir}`}`
    : `${what} cannot go back from ${from ?? 'no version'} to ${snapshot.version}: the job has no rollback_script. Put ${snapshot.version} back by hand`)
}

function scriptSettings({ operation, from, to }: Step, { state, installation }: SeenInstallation, config: Config, context: JobContext) {
  const { tenant, project, environment } = context.call.release
  const known = environmentOf(config, context)
  const workDir = operation === 'uninstall' ? undefined : config.workDir
  return {
    name: `${operation}_script${onTarget(context)}`, interpreter: config.interpreter, ...workDir !== undefined && { workDir },
    environment: {
      ARTIFACT_URL: config.artifactUrl ?? known['ARTIFACT_URL'] ?? '',
      BACKUP_DIR: config.backupDir ?? known['BACKUP_DIR'] ?? [state, 'backups', tenant, project, environment].join('/'),
      KEEP_DATA: config.keepData === undefined ? known['KEEP_DATA'] ?? 'true' : String(config.keepData),
      ...config.app !== undefined && { APP_NAME: config.app }, ...config.version !== undefined && operation !== 'rollback' && { APP_VERSION: config.version },
      ...config.environment, ...config.workDir !== undefined && { WORK_DIR: config.workDir },
      CURRENT_VERSION: from ?? '', ROLLBACK_VERSION: operation === 'rollback' ? to ?? '' : installation.before[0] ?? '',
    },
  }
}

const wanted = (config: Config, context: JobContext): string => config.version ?? environmentOf(config, context)['APP_VERSION'] ?? context.call.release.version
const nameOf = (config: Config, context: JobContext): string => config.app ?? environmentOf(config, context)['APP_NAME'] ?? context.call.release.project
const recordOf = (config: Config, context: JobContext): InstallationRecord => new InstallationRecord(context, { app: nameOf(config, context), stateDir: config.stateDir })
const said = (from: string | null, to: string | null): string => from === null ? `of ${to ?? 'nothing'}` : to === null ? `of ${from}` : `from ${from} to ${to}`

import type { Change } from '../../domain/change.js'
import { failure } from '../../domain/failures.js'
import type { JsonObject } from '../../domain/json.js'
import type { ConfigOf } from '../../plan/kinds/index.js'
import type { JobResult } from '../contract.js'
import type { JobContext, KindRunner } from '../kind-runner.js'
import { onTarget } from '../machine/ask.js'
import { GitTree, remoteOf, type CheckedOut, type TreeState } from '../machine/git-tree.js'
import { installedFacts } from '../machine/installation.js'
import { logInTurn } from '../machine/log-in-turn.js'
import { runScript } from '../machine/run-script.js'
import { settle } from '../machine/settle.js'

type Config = ConfigOf<'gitpull'>
const SHORT = 12
const short = (commit: string): string => commit.slice(0, SHORT)

/**
 * A commit on a machine. It is fetched and built beside what is in force; then one rename switches. So the machine is at
 * the old commit or at the new one, whenever anybody dies.
 */
export const gitpullRunner: KindRunner<Config> = {
  async snapshot(config, context) {
    const { current } = await new GitTree(config, context).look(`${context.idempotencyKey}/look`)
    return { commit: current }
  },

  async execute(config, context): Promise<JobResult> {
    const tree = new GitTree(config, context)
    const state = await tree.look(`${context.idempotencyKey}/look`) // the snapshot's own
    const back = config.operation === 'rollback'
    const wanted = back ? earlier(config, state, context) : null
    const next = logInTurn(context)
    const checkedOut = await tree.checkout(wanted)
    await build(tree, checkedOut, config, next())
    await tree.switch(`${context.idempotencyKey}/switch`, checkedOut.commit, back)
    await after(back ? config.rollbackScript ?? config.afterScript : config.afterScript, checkedOut, config, next())
    return resultOf(config, checkedOut, state, context)
  },

  /** To the exact commit of the snapshot, checked out again if it is gone. */
  async rollback(config, snapshot, context) {
    const { commit } = snapshot as { commit: string }
    const { releaseId } = context.call.release
    const tree = new GitTree(config, context)
    for (const part of ['build', 'switch']) await settle(`${context.call.idempotencyKey}/${part}`, context)
    const { current, by } = await tree.look(`${context.idempotencyKey}/look`)
    if (by !== releaseId && current === commit) return
    if (by !== releaseId && current !== '') throw failure('CHECK_FAILED', `${config.path}/current${onTarget(context)} was set to ${short(current)} by ${by === '' ? 'another hand' : `release ${by}`} since, and is left so`)
    const next = logInTurn(context)
    const script = config.rollbackScript ?? config.afterScript
    if (commit === '') {
      await tree.unlink(`${context.idempotencyKey}/unlink`)
      if (config.rollbackScript !== undefined) await runScript(config.rollbackScript, { interpreter: config.interpreter, environment: config.environment, workDir: config.path, name: `rollback_script${onTarget(context)}` }, { ...next(), idempotencyKey: `${context.idempotencyKey}/after` })
      return
    }
    const checkedOut = await tree.checkout(commit)
    await build(tree, checkedOut, config, next())
    await tree.switch(`${context.idempotencyKey}/switch`, commit, true)
    await after(script, checkedOut, config, next())
  },

  async preview(config, context): Promise<Change[]> {
    const tree = new GitTree(config, context)
    const what = `${config.path}/current${onTarget(context)}`
    if (config.operation === 'rollback') {
      const state = await tree.look(`${context.idempotencyKey}/look-${Date.now()}`)
      return [{ what, action: 'update', before: short(state.current), after: short(earlier(config, state, context)) }]
    }
    const { current, commit, message, count, lost } = await tree.preview()
    const apart = count === null ? '' : `, ${count} ${count === 1 ? 'commit' : 'commits'} on${lost === null || lost === 0 ? '' : `, without ${lost} that are there now`}`
    return [{ what, action: current === '' ? 'create' : current === commit ? 'none' : 'update', before: current === '' ? null : short(current), after: `${short(commit)} ${message}${apart}` }]
  },
}

/** The commit to go back to. @throws CHECK_FAILED when there is none */
function earlier({ version, skipChecks, path }: Config, { current, before }: TreeState, context: JobContext): string {
  const known = version === undefined ? before[0] : [current, ...before].find((commit) => commit !== '' && commit.startsWith(version.toLowerCase()))
  const wanted = known ?? (skipChecks === true ? version : undefined)
  if (wanted !== undefined) return wanted
  throw failure('CHECK_FAILED', version === undefined ? `${path}${onTarget(context)} has no release before ${short(current) || 'this'} to go back to` : `commit ${version} never was in force in ${path}${onTarget(context)}; there were: ${before.map(short).join(', ') || 'none'}`)
}

async function build(tree: GitTree, { commit, message, complete }: CheckedOut, config: Config, context: JobContext): Promise<void> {
  if (complete || config.buildScript === undefined) return
  await runScript(config.buildScript, {
    interpreter: config.interpreter, workDir: tree.folder(commit), environment: { ...gitVariables(config, commit, message), ...config.environment }, name: `build_script${onTarget(context)}`,
  }, { ...context, idempotencyKey: `${context.idempotencyKey}/build` })
}

async function after(script: string | undefined, { commit, message }: CheckedOut, config: Config, context: JobContext): Promise<void> {
  if (script === undefined) return
  await runScript(script, {
    interpreter: config.interpreter, workDir: `${config.path}/current`, environment: { ...gitVariables(config, commit, message), ...config.environment }, name: `${script === config.afterScript ? 'after' : 'rollback'}_script${onTarget(context)}`,
  }, { ...context, idempotencyKey: `${context.idempotencyKey}/after` })
}

/** Spec 2 §3.5.2. */
const gitVariables = (config: Config, commit: string, message: string): Record<string, string> => ({
  GIT_REPO: remoteOf(config).url, GIT_BRANCH: config.branch ?? '', GIT_COMMIT: commit, GIT_COMMIT_SHORT: commit.slice(0, 7), GIT_TAG: config.tag ?? '', GIT_MESSAGE: message,
})

function resultOf(config: Config, { commit, message }: CheckedOut, { current }: TreeState, context: JobContext): JobResult {
  const previous = current === '' ? null : current
  const operation = config.operation === 'rollback' ? 'rollback' : previous === null ? 'install' : 'update'
  const outputs: JsonObject = {
    repository: remoteOf(config).url, commit, shortCommit: commit.slice(0, 7), branch: config.branch ?? '', tag: config.tag ?? '', message, previousCommit: previous,
    path: `${config.path}/current`, installed: installedFacts(operation, previous, commit),
  }
  return { outputs, message: `${config.path}${onTarget(context)}: ${previous === null ? '' : `from ${short(previous)} to `}${short(commit)} ${message}`, artifacts: [] }
}

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { failure } from '../../domain/failures.js'
import type { GitpullConfig } from '../../plan/kinds/gitpull.js'
import type { JobContext } from '../kind-runner.js'
import { ask, fresh, onTarget } from './ask.js'

const SCRIPT = readFileSync(new URL('./gitpull.sh', import.meta.url), 'utf8')
const SAID = { no: 10, noRef: 11, moved: 12 } as const
const WORDS_CHARACTERS = 600
/** What git says when nobody answered: tried again, as nothing was refused. */
const SILENCE = /could not resolve host|failed to connect|couldn't connect|connection (?:refused|timed out|reset|closed)|timed out|no route to host|network is unreachable|early eof|hung up unexpectedly|unexpected disconnect|transfer closed|operation too slow|not responding|broken pipe|closed by (?:the )?remote host|remote end closed|kex_exchange|returned error: 5\d\d|temporary failure/iu

/** `current` and `by` empty: nothing is there. */
export interface TreeState { current: string; by: string; before: string[] }
export interface CheckedOut { commit: string; message: string; complete: boolean }
export interface Foreseen extends TreeState { commit: string; message: string; count: number | null; lost: number | null }

/** The folder of one gitpull job on its machine: releases, mirror and link. */
export class GitTree {
  readonly #config: GitpullConfig
  readonly #context: JobContext
  constructor(config: GitpullConfig, context: JobContext) {
    this.#config = config
    this.#context = context
  }

  folder(commit: string): string { return `${this.#config.path}/releases/${commit}` }

  async look(key: string): Promise<TreeState> {
    return treeState((await this.#ask(key, { DO: 'look' }, 'looking at')).outputs)
  }

  /** Fetch and check out; the commit is settled on once per idempotency key. @throws TARGET_REFUSED, TARGET_UNREACHABLE in the remote's words */
  async checkout(pinned: string | null = null): Promise<CheckedOut> {
    const { outputs } = await this.#git(`${this.#context.idempotencyKey}/checkout/${fresh()}`, {
      DO: 'checkout', PIN: createHash('sha256').update(this.#context.idempotencyKey).digest('hex').slice(0, 40), ...pinned !== null && { KIND: 'commit', REF: pinned },
    })
    return { commit: outputs['commit'] ?? '', message: outputs['message'] ?? '', complete: outputs['complete'] === 'yes' }
  }

  async preview(): Promise<Foreseen> {
    const { outputs } = await this.#git(`${this.#context.idempotencyKey}/preview/${fresh()}`, { DO: 'preview' })
    const count = (text: string | undefined): number | null => text === undefined || text === '' ? null : Number(text)
    return { ...treeState(outputs), commit: outputs['commit'] ?? '', message: outputs['message'] ?? '', count: count(outputs['count']), lost: count(outputs['lost']) }
  }

  /** Point current there by one rename. `back`: what was above is forgotten, nothing is taken away. */
  async switch(key: string, commit: string, back: boolean): Promise<void> {
    await this.#ask(key, { DO: 'switch', COMMIT: commit, RELEASE: this.#context.call.release.releaseId, BACK: String(back), KEEP: String(this.#config.keep) }, 'switching')
  }
  async unlink(key: string): Promise<void> { await this.#ask(key, { DO: 'unlink' }, 'unlinking') }

  async #git(key: string, environment: Record<string, string>): Promise<{ outputs: Record<string, string> }> {
    const what = `fetching ${wordsOf(this.#config)}`
    const { credentials, url } = remoteOf(this.#config)
    const { exitCode, stderr, outputs } = await ask({
      key, script: SCRIPT, what, timeoutMs: this.#context.timeoutMs, answers: Object.values(SAID),
      environment: { AT: this.#config.path, URL: url, ...refOf(this.#config), DEPTH: String(this.#config.depth ?? ''), SUBMODULES: String(this.#config.submodules), ALLOW_MOVED: String(this.#config.allowMovedTag), ...credentials, ...environment },
    }, this.#context)
    if (exitCode === 0) return { outputs }
    const said = this.#context.redact(stderr.trim()).slice(-WORDS_CHARACTERS)
    const silent = exitCode === SAID.no && SILENCE.test(said)
    const fullDisk = /no space left on device/iu.test(said)
    throw failure(silent && !fullDisk ? 'TARGET_UNREACHABLE' : exitCode === SAID.moved || fullDisk ? 'CHECK_FAILED' : 'TARGET_REFUSED', `${what}${onTarget(this.#context)}: ${said}`)
  }

  async #ask(key: string, environment: Record<string, string>, doing: string): Promise<{ outputs: Record<string, string> }> {
    return ask({ key, script: SCRIPT, environment: { AT: this.#config.path, ...environment }, what: `${doing} ${this.#config.path}` }, this.#context)
  }
}

const treeState = (outputs: Record<string, string>): TreeState =>
  ({ current: outputs['current'] ?? '', by: outputs['by'] ?? '', before: (outputs['before'] ?? '').split(' ').filter((commit) => commit !== '') })

function refOf({ branch, tag, commit }: GitpullConfig): { KIND: string; REF: string } {
  if (branch !== undefined) return { KIND: 'branch', REF: branch }
  if (tag !== undefined) return { KIND: 'tag', REF: tag }
  return commit === undefined ? { KIND: 'head', REF: '' } : { KIND: 'commit', REF: commit.toLowerCase() }
}
const wordsOf = (config: GitpullConfig): string => {
  const { KIND, REF } = refOf(config)
  return `${KIND === 'head' ? '' : `${KIND} ${REF} of `}${remoteOf(config).url}`
}

/** The URL as it may be seen, and what must not be. A name and password in the URL are taken out of it. */
export function remoteOf({ repository, auth }: Pick<GitpullConfig, 'repository' | 'auth'>): { url: string; credentials: Record<string, string> } {
  const [, scheme = '', login, rest = ''] = /^(https?:\/\/)(?:([^/@]*)@)?(.*)$/u.exec(repository) ?? []
  const [user, password] = (login ?? '').split(':').map((part) => decodeURIComponent(part))
  const credentials = {
    RELEASECTL_GIT_USER: auth?.username ?? (user === '' || user === undefined ? 'git' : user), RELEASECTL_GIT_PASSWORD: auth?.password ?? password ?? '',
    RELEASECTL_GIT_HOST: rest.split('/')[0] ?? '', GIT_KEY: auth?.sshKey?.trimEnd() ?? '', GIT_KNOWN: auth?.knownHosts?.trimEnd() ?? '',
  }
  return { url: scheme === '' ? repository : `${scheme}${rest}`, credentials }
}

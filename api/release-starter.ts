import type { FastifyBaseLogger } from 'fastify'
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import { defineSearchAttributeKey } from '@temporalio/common'
import { releaseWorkflowId, type ReleaseInput, type ReleaseRef } from '../domain/release.js'
import type { ReleaseStore } from '../store/releases.js'
import type { Temporal } from './temporal.js'

const LOOK_EVERY_MS = 2000
const MARK_EVERY_MS = 200
/** A caller waits at most this long for Temporal; the release is accepted either way. */
const DEADLINE_MS = 3000
const AT_ONCE = 8
const PAGE = 200

const [TENANT, PROJECT, ENVIRONMENT, VERSION, STATUS] = ['Tenant', 'Project', 'Environment', 'Version', 'Status']
  .map((name) => defineSearchAttributeKey(`Release${name}`, 'KEYWORD')) as [Key, Key, Key, Key, Key]
type Key = ReturnType<typeof defineSearchAttributeKey<'KEYWORD'>>

/** By what a release's workflows are found in Temporal. Keywords hold 255 characters. */
export const searchAttributes = (release: ReleaseRef, status: string) => [
  { key: TENANT, value: release.tenant }, { key: PROJECT, value: release.project }, { key: ENVIRONMENT, value: release.environment },
  { key: VERSION, value: release.version }, { key: STATUS, value: status },
]

/**
 * Starts the workflow of every accepted release: at once when Temporal answers, else as soon as it does.
 * Several processes may do it side by side: a workflow id starts once.
 */
export class ReleaseStarter {
  readonly #releases: ReleaseStore
  readonly #temporal: Temporal
  readonly #taskQueue: string
  readonly #log: FastifyBaseLogger
  #started: string[] = []
  readonly #soon: ReleaseInput[] = []
  readonly #starting = new Set<Promise<void>>()
  #isUp = true
  #looking: Promise<void> = Promise.resolve()
  #timers: NodeJS.Timeout[] = []

  constructor({ releases, temporal, taskQueue, log }: { releases: ReleaseStore; temporal: Temporal; taskQueue: string; log: FastifyBaseLogger }) {
    this.#releases = releases
    this.#temporal = temporal
    this.#taskQueue = taskQueue
    this.#log = log
  }

  /** Nobody waits for it: the release is stored, so it will start. What cannot be started now, the loop starts later. */
  startSoon(input: ReleaseInput): void {
    if (!this.#isUp || this.#soon.length >= PAGE) return
    this.#soon.push(input)
    if (this.#starting.size >= AT_ONCE) return
    const starting = this.#startAllSoon().finally(() => this.#starting.delete(starting))
    this.#starting.add(starting)
  }

  async #startAllSoon(): Promise<void> {
    for (let input = this.#soon.shift(); input; input = this.#soon.shift()) if (this.#isUp) await this.#try(input)
  }

  run(): void {
    const look = (): void => { this.#looking = this.#looking.then(() => this.#look()) }
    look()
    this.#timers = [setInterval(look, LOOK_EVERY_MS), setInterval(() => void this.#mark(), MARK_EVERY_MS)]
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all([this.#looking, ...this.#starting])
    await this.#mark()
  }

  async #look(): Promise<void> {
    try {
      await this.#mark()
      const open = await this.#releases.unstarted(PAGE)
      for (let at = 0; at < open.length; at += AT_ONCE) {
        await Promise.all(open.slice(at, at + AT_ONCE).map((input) => this.#try(input)))
        if (!this.#isUp) return
      }
      this.#isUp = true
    } catch (error) {
      this.#log.warn({ err: error }, 'cannot look for releases to start; trying again')
    }
  }

  async #try(input: ReleaseInput): Promise<void> {
    const { release, plan } = input
    try {
      await this.#temporal.call('start a release', (client) => client.workflow.start('releaseWorkflow', {
        workflowId: releaseWorkflowId(release.tenant, release.releaseId), taskQueue: this.#taskQueue, args: [input],
        workflowIdReusePolicy: 'REJECT_DUPLICATE', workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: summary(release), staticDetails: details(input), typedSearchAttributes: searchAttributes(release, 'accepted'),
      }), DEADLINE_MS)
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) {
        this.#isUp = false
        this.#log.error({ err: error, releaseId: release.releaseId, plan: plan.name }, 'a release is accepted but not started; trying again')
        return
      }
    }
    this.#isUp = true
    this.#started.push(release.releaseId)
  }

  /** Many at once: it costs no caller a round trip, and a mark that is lost costs one more start that is refused. */
  async #mark(): Promise<void> {
    const ids = this.#started
    if (ids.length === 0) return
    this.#started = []
    try {
      await this.#releases.markStarted(ids)
    } catch (error) {
      this.#started.push(...ids)
      this.#log.warn({ err: error }, 'cannot mark started releases; trying again')
    }
  }
}

/** At most 200 bytes are shown, in code points that do not break. */
const summary = ({ project, version, environment, requestedBy }: ReleaseRef): string => `${project} ${version} to ${environment}, by ${requestedBy}`.slice(0, 100)
const details = ({ release, plan, acceptedAt }: ReleaseInput): string =>
  [`Release \`${release.releaseId}\` of plan **${plan.name}**`, `accepted ${acceptedAt}`, `stages: ${plan.stages.map(({ name }) => name).join(' → ')}`].join('\n\n')

import { ApplicationFailure } from '@temporalio/common'
import { failure } from '../../domain/failures.js'
import type { NoticeChannel, NoticePort } from '../../drivers/notices/port.js'
import type { Channel, NotificationConfig } from '../../plan/kinds/notification.js'
import type { JobResult } from '../contract.js'
import type { JobContext, KindRunner } from '../kind-runner.js'
import { toNoticeChannel } from '../notices/installation.js'
import { knownNames, render, spokenName, templateText } from '../notices/text.js'

export interface NotificationDeps {
  notices: NoticePort
  /** What the installation has configured. @see InstallationChannels */
  channels: { find(name: string): NoticeChannel; template(name: string): string | undefined }
}

export const createNotificationRunner = ({ notices, channels }: NotificationDeps): KindRunner<NotificationConfig> => ({
  /**
   * Tell each channel on its own; one that was told before a crash is not told again. Channels that fail are named in the
   * message. @throws, where `required`: TARGET_UNREACHABLE when one did not answer, CHECK_FAILED when one said no; CONFIG_INVALID
   */
  async execute(config, context): Promise<JobResult> {
    const notice = { ...await write(config, context, channels), recipients: config.recipients, data: dataOf(context) }
    const told = new Set(Array.isArray(context.heartbeatDetails) ? context.heartbeatDetails : [])
    const outcomes = await Promise.all(config.channels.map(async (channel, n) => {
      if (told.has(n)) return null
      const failed = await attempt(async () => {
        await notices.send(typeof channel === 'string' ? channels.find(channel) : toNoticeChannel(channel), { ...notice, key: `${context.idempotencyKey}/${n}` })
      })
      if (!failed) context.heartbeat([...told.add(n)])
      return failed
    }))
    return report(config, outcomes, context)
  },
})

async function write({ template, subject, message }: NotificationConfig, context: JobContext, channels: NotificationDeps['channels']): Promise<{ subject: string; text: string }> {
  const { call } = context
  const known = knownNames({ STAGE_NAME: call.stage, JOB_NAME: call.job, ...context.system }, call.variables)
  const name = template ?? (message === undefined ? call.job : null)
  const fromTemplate = name === null ? null : await templateText(name, channels, (path) => context.bundleFile(path))
  const parts = [fromTemplate, message ?? null].flatMap((part) => part === null ? [] : [render(part, known)])
  const what = spokenName(template)
  return { subject: render(subject ?? `\${PROJECT_NAME} \${RELEASE_VERSION} (\${RELEASE_ENV})${what === null ? '' : `: ${what}`}`, known), text: parts.join('\n\n') }
}

const dataOf = ({ call: { release, stage, job } }: JobContext): Record<string, string> => ({
  releaseId: release.releaseId, project: release.project, environment: release.environment, version: release.version, requestedBy: release.requestedBy, stage, job,
})

/** The failure, or null. What is no failure of a channel's is a bug and let through. */
async function attempt(send: () => Promise<void>): Promise<ApplicationFailure | null> {
  try { await send(); return null } catch (error) {
    if (error instanceof ApplicationFailure) return error
    throw error
  }
}

function report({ channels, required }: NotificationConfig, outcomes: (ApplicationFailure | null)[], context: JobContext): JobResult {
  const named = channels.map((channel, n) => ({ name: nameOf(channel), failed: outcomes[n] ?? null }))
  const told = named.filter(({ failed }) => failed === null).map(({ name }) => name)
  const failures = named.flatMap(({ name, failed }) => failed ? [{ name, type: failed.type, why: `${name}: ${failed.message}` }] : [])
  const reasons = failures.map(({ why }) => why).join('; ')
  if (failures.length > 0 && required) throw failure(failures.some(({ type }) => type === 'TARGET_UNREACHABLE') ? 'TARGET_UNREACHABLE' : 'CHECK_FAILED', reasons)
  if (failures.length > 0) context.log('info', 0, `not told: ${reasons}\n`)
  return {
    outputs: { told, notTold: failures.map(({ name }) => name) }, artifacts: [],
    message: `told ${told.length > 0 ? told.join(', ') : 'nobody'}${failures.length > 0 ? `; not told: ${reasons}` : ''}`,
  }
}

const nameOf = (channel: Channel): string => typeof channel === 'string' ? channel : channel.type

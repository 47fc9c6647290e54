import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createNotificationRunner } from '../../activities/kinds/notification.js'
import type { JobContext } from '../../activities/kind-runner.js'
import { InstallationChannels } from '../../activities/notices/installation.js'
import { failure } from '../../domain/failures.js'
import { MemoryNotices } from '../../drivers/notices/memory.js'
import type { NotificationConfig } from '../../plan/kinds/notification.js'
import { jobContext } from './job-context.js'

const YAML = `
notifications:
  channels:
    slack: { url: "https://hooks.slack.com/services/\${env.SLACK_KEY}" }
    dingtalk: { webhook: "\${DINGTALK_WEBHOOK}", secret: "\${DINGTALK_SECRET}" }
    email: { smtp_host: smtp.example.com, smtp_port: 2525, username: "\${SMTP_USER}", password: "\${SMTP_PASSWORD}", from: deploy@example.com }
    hook: { type: webhook, url: "https://example.com/hook", headers: { Authorization: "Bearer \${TOKEN}" } }
    broken: { type: slack }
  templates:
    release_start: "🚀 发布开始 \${PROJECT_NAME} \${RELEASE_VERSION}"
  rules:
    - { events: [release_start], channels: [slack] }
`
const ENV = { SLACK_KEY: 'T/B/s3cret', SMTP_USER: 'deploy', SMTP_PASSWORD: 'p4ss' }
let folder = ''
let channels: InstallationChannels
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'releasectl-notices-'))
  await writeFile(join(folder, 'notifications.yaml'), YAML)
  channels = InstallationChannels.read(join(folder, 'notifications.yaml'), ENV)
})
afterAll(() => rm(folder, { recursive: true }))

const config = (changes: Partial<NotificationConfig>): NotificationConfig => ({ channels: ['slack'], recipients: [], required: false, message: 'hello', ...changes })
async function tell(changes: Partial<NotificationConfig>, context: Partial<JobContext> = {}, fault: MemoryNotices['fault'] = () => null) {
  const notices = new MemoryNotices()
  notices.fault = fault
  const given = jobContext(context)
  const result = await createNotificationRunner({ notices, channels }).execute(config(changes), given)
  return { result, sent: notices.sent, text: notices.sent[0]?.notice.text, given }
}

test('a channel is found by its name, its secrets in the worker\'s environment', async () => {
  const { result, sent } = await tell({ channels: ['slack', 'email'], recipients: ['bob@example.com'] })
  expect(sent.map(({ channel }) => channel)).toEqual([
    { type: 'slack', url: 'https://hooks.slack.com/services/T/B/s3cret' },
    { type: 'email', host: 'smtp.example.com', port: 2525, secure: false, username: 'deploy', password: 'p4ss', from: 'deploy@example.com' },
  ])
  expect(result.message).toBe('told slack, email')
  expect(sent[0]?.notice).toMatchObject({ recipients: ['bob@example.com'], key: 'r1/tell/notify/1/0', data: { releaseId: 'r1', project: 'shop' } })
})

test('a channel may be written out in the plan', async () => {
  const { sent } = await tell({ channels: [{ type: 'webhook', url: 'https://example.com/x' }] })
  expect(sent[0]?.channel).toEqual({ type: 'webhook', url: 'https://example.com/x', headers: {} })
})

test('a channel that fails is named with its reason, and the others are told all the same', async () => {
  const { result, sent, given } = await tell({ channels: ['pager', 'slack', 'dingtalk', 'hook', 'broken'] })
  expect(sent).toHaveLength(1)
  expect(result.outputs).toEqual({ told: ['slack'], notTold: ['pager', 'dingtalk', 'hook', 'broken'] })
  expect(result.message).toBe('told slack; not told: pager: no such channel is configured; there are: slack, dingtalk, email, hook, broken; '
    + 'dingtalk: notices of type dingtalk cannot be sent here; these can: slack, webhook, email; hook: environment variable TOKEN is not set on the worker; '
    + 'broken: the channel is not complete: type slack takes url, given are ')
  expect(given.logged.join('')).toContain('pager: no such channel')
})

test('without any settings the message says what to set', async () => {
  const runner = createNotificationRunner({ notices: new MemoryNotices(), channels: InstallationChannels.read(undefined) })
  expect((await runner.execute(config({}), jobContext())).message).toBe('told nobody; not told: slack: no such channel is configured; set RELEASECTL_NOTIFICATIONS')
})

test('a notice that is required fails the job: for good when refused, to be tried again when not answered', async () => {
  const refuses = () => failure('TARGET_REFUSED', 'slack answered 404: no_service')
  const isSilent = () => failure('TARGET_UNREACHABLE', 'slack did not answer')
  await expect(tell({ required: true }, {}, refuses)).rejects.toMatchObject({ type: 'CHECK_FAILED', message: 'slack: slack answered 404: no_service' })
  await expect(tell({ required: true, channels: ['slack', 'pager'] }, {}, isSilent)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false })
  expect((await tell({}, {}, refuses)).result.message).toContain('not told: slack: slack answered 404')
})

test('a bug in a channel is no failed channel', async () => {
  await expect(tell({}, {}, () => new TypeError('a bug'))).rejects.toThrow('a bug')
})

test('who was told before a crash is not told again', async () => {
  const first = await tell({ channels: ['slack', 'email'] }, {}, ({ type }) => type === 'email' ? failure('TARGET_UNREACHABLE', 'mail is down') : null)
  expect(first.given.beats).toEqual([[0]])
  const second = await tell({ channels: ['slack', 'email'] }, { heartbeatDetails: [0] })
  expect(second.sent.map(({ channel }) => channel.type)).toEqual(['email'])
  expect(second.result.message).toBe('told slack, email')
})

test.each([
  ['release-success', 'shop 2.4.0 is out in production.\nStarted by ann, release r1'],
  ['approval_required', 'The release of shop 2.4.0 to production waits for approval.\nStarted by ann, release r1'],
  ['release_start', '🚀 发布开始 shop 2.4.0'],
  ['pre-release-notification', 'shop 2.4.0, production: pre release notification.\nStarted by ann, release r1'],
  ['notices/out.txt', 'from the bundle: 2.4.0'],
  ['All done with ${RELEASE_VERSION}!', 'All done with 2.4.0!'],
])('template %j becomes a text', async (template, text) => {
  const bundleFile = async (path: string): Promise<string | null> => path === 'notices/out.txt' ? 'from the bundle: ${RELEASE_VERSION}' : null
  const notices = new MemoryNotices()
  await createNotificationRunner({ notices, channels }).execute({ channels: ['slack'], recipients: [], required: false, template }, jobContext({ bundleFile }))
  expect(notices.sent[0]?.notice.text).toBe(text)
})

test('a template that should be a file of the bundle and is not is a mistake in the plan', async () => {
  await expect(tell({ template: 'notices/missing.txt' })).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: 'no template notices/missing.txt: the bundle has no such file' })
})

test('a subject says what it is about, unless the plan says it', async () => {
  expect((await tell({ template: 'release-success' })).sent[0]?.notice.subject).toBe('shop 2.4.0 (production): release success')
  expect((await tell({ subject: '${PROJECT_NAME} is out' })).sent[0]?.notice.subject).toBe('shop is out')
})

test('known names are filled in, others stay as they are written, and what was filled in is not looked into again', async () => {
  const variables = { team: 'web', count: 3, tricky: '${RELEASE_ID}' }
  const call = { ...jobContext().call, variables }
  expect((await tell({ message: '${team} ${variables.count} ${STAGE_NAME} ${UNKNOWN} ${tricky} $team' }, { call })).text).toBe('web 3 tell ${UNKNOWN} ${RELEASE_ID} $team')
})

test('a secret variable is never written into a notice', async () => {
  const call = { ...jobContext().call, variables: { dbPassword: { $late: [{ secret: 'env:DB' }] } } }
  expect((await tell({ message: 'password ${dbPassword}' }, { call, variables: { dbPassword: 'hunter2' } })).text).toBe('password ${dbPassword}')
})

test('what a settings file says that does nothing here is told to whoever starts the worker', () => {
  expect(channels.warnings).toEqual(['notifications: rules have no effect here; name channels in notification jobs'])
})

test.each([['channels: [slack]', 'channels must be a map'], ['chanels: {}', 'unknown key chanels'], ['channels: { slack: x }', 'channel slack must be a map'], ['- a', 'must hold channels'], ['a: [', 'at line 1']])(
  'a settings file of %j stops the worker and is named', async (text, why) => {
    const file = join(folder, 'bad.yaml')
    await writeFile(file, text)
    expect(() => InstallationChannels.read(file, {})).toThrow(file)
    expect(() => InstallationChannels.read(file, {})).toThrow(why)
  })

import { createHash } from 'node:crypto'
import { createTransport } from 'nodemailer'
import { failure } from '../../domain/failures.js'
import type { Notice, NoticeChannel } from './port.js'

type EmailChannel = Extract<NoticeChannel, { type: 'email' }>
const TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 }
const LOOPBACK = ['localhost', '127.0.0.1', '::1']

/**
 * Mail over SMTP. `secure`: TLS from the start; otherwise STARTTLS where the server offers it, and always before a
 * password leaves this machine. The Message-ID comes from the notice's key: a resend is the same message.
 */
export async function sendMail(channel: EmailChannel, { subject, text, recipients, key }: Notice): Promise<void> {
  if (recipients.length === 0) throw failure('TARGET_REFUSED', 'an e-mail needs recipients')
  const { host, port, secure, username, password, from } = channel
  const transport = createTransport({
    host, port, secure, ...TIMEOUTS,
    ...(username !== null && { auth: { user: username, pass: password ?? '' }, requireTLS: !LOOPBACK.includes(host) }),
  })
  try {
    await transport.sendMail({ from, to: recipients, subject, text, messageId: messageId(key, from) })
  } catch (error) {
    throw smtpFailure(`mail server ${host}:${port}`, error as SmtpError)
  } finally { transport.close() }
}

const messageId = (key: string, from: string): string =>
  `<${createHash('sha256').update(key).digest('hex').slice(0, 32)}@${/@([^\s>]+)/.exec(from)?.[1] ?? 'releasectl'}>`

type SmtpError = Error & { code?: string; responseCode?: number; response?: string }

/** Replies 5xx, to a log-in or to a message, are final; 4xx and silence are not (RFC 5321 §4.2.1). */
function smtpFailure(who: string, { code, responseCode, response, message }: SmtpError): Error {
  if (responseCode !== undefined) return failure(responseCode >= 500 ? 'TARGET_REFUSED' : 'TARGET_UNREACHABLE', `${who} answered ${response ?? responseCode}`)
  return failure(code === 'EAUTH' || code === 'EENVELOPE' || code === 'ETLS' ? 'TARGET_REFUSED' : 'TARGET_UNREACHABLE', `${who}: ${message}`)
}

import type { ApprovalView, ReleaseView, Waiting } from '../../domain/release.js'
import { lasting, wallClock } from './clock.js'
import { line, padTo, span, type Line } from './line.js'
import type { TreeOptions } from './options.js'
import stringWidth from 'string-width'

/** What each command does to a release that waits. */
const COMMANDS: Record<string, string> = {
  approve: 'say yes',
  reject: 'say no: everything is taken back',
  promote: 'skip the rest of the hold',
  pause: 'stop the clock',
  resume: 'go on',
  retry: 'try again what failed',
  rollback: 'take everything back',
  abort: 'stop here and take everything back',
}
/** What `promote --full` does beyond that. */
const FULL: Record<NonNullable<Waiting['full']>, string> = {
  traffic: 'go to 100 % now', checks: 'skip the checks of the waves that follow, too',
}

/** What it waits for, since when, until when, who can end it, and the exact commands that do. */
export function waitingLines(view: ReleaseView, options: TreeOptions): Line[] {
  const approvals = view.approvals.filter(({ status }) => status === 'pending')
  return view.waiting.flatMap((waiting, n) => [
    line([span(n === 0 ? 'waiting' : '       ', 'bold'), span('  '), span(sentence(waiting), 'yellow')]),
    line([span('         '), span(when(waiting, options), 'dim')]),
    ...peopleLines(waiting, approvals),
    ...commandLines(waiting, view.release.releaseId, approvals.length > 1),
  ])
}

const sentence = ({ what, where, detail }: Waiting): string => what === 'approval' ? `approval of ${where}` : detail === '' ? `${what}: ${where}` : `${where}: ${detail}`

function when({ since, until }: Waiting, { now, timezone }: TreeOptions): string {
  const begun = `since ${wallClock(since, now, timezone)} (${lasting(now - Date.parse(since))})`
  return until === null ? `${begun}, without limit` : `${begun} · until ${wallClock(until, now, timezone)} (${Date.parse(until) > now ? `${lasting(Date.parse(until) - now)} left` : 'due'})`
}

function peopleLines({ what, where, who }: Waiting, approvals: readonly ApprovalView[]): Line[] {
  if (who.length === 0) return []
  const approval = what === 'approval' ? approvals.find(({ id }) => id === where) : undefined
  const yes = approval?.decisions.filter(({ counted, verdict }) => counted && verdict === 'approve').map(({ by }) => by) ?? []
  const need = approval === undefined ? '' : `${approval.spec.quorum - yes.length} more yes from `
  return [line([span(`         ${need}`, 'dim'), span(who.filter((one) => !yes.includes(one)).join(', '))])]
}

function commandLines(waiting: Waiting, releaseId: string, namesApproval: boolean): Line[] {
  const typed = waiting.commands.flatMap((command) => {
    const which = namesApproval && (command === 'approve' || command === 'reject') ? ` --approval ${quoted(waiting.where)}` : ''
    const text = `releasectl ${command} ${releaseId}`
    return [{ text: `${text}${which}`, does: COMMANDS[command] ?? '' }, ...command === 'promote' && waiting.full ? [{ text: `${text} --full`, does: FULL[waiting.full] }] : []]
  })
  const columns = Math.max(0, ...typed.map(({ text }) => stringWidth(text)))
  return typed.map(({ text, does }) => line([span('         '), span(padTo(text, columns), 'cyan'), span(`   ${does}`, 'dim')]))
}

/** As a shell takes it. */
const quoted = (text: string): string => /^[\w./@-]+$/.test(text) ? text : `'${text.replaceAll('\'', `'\\''`)}'`

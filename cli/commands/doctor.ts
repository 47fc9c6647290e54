import type { Command } from 'commander'
import { isObject } from '../../domain/json.js'
import { action, type Context } from '../context.js'
import { EXIT } from '../exit-codes.js'
import { linesOfError, problemOf } from '../problem.js'
import { lasting } from '../tree/clock.js'
import { ownVersion } from './version.js'

interface Finding { what: string; good: boolean; says: string }
const MOST_SKEW_MS = 30_000

/** `doctor`: is everything there that a release needs? Exit 1 when something is not. */
export function addDoctorCommand(program: Command): void {
  program.command('doctor').description('look whether this command, the server and the token are well')
    .action(action(async (context) => {
      const findings = [nodeFinding(), { what: 'releasectl', good: true, says: ownVersion() }, ...await serverFindings(context)]
      const { terminal } = context
      terminal.answer(findings, () => findings.map(({ what, good, says }) => `${good ? terminal.paint('✔', 'green') : terminal.paint('✘', 'red')} ${what.padEnd(12)} ${says}`))
      return findings.every(({ good }) => good) ? EXIT.succeeded : EXIT.failed
    }))
}

function nodeFinding(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const good = major > 20 || (major === 20 && minor >= 19)
  return { what: 'node', good, says: `${process.versions.node}${good ? '' : '; 20.19 or later is needed'}` }
}

async function serverFindings(context: Context): Promise<Finding[]> {
  const { api, settings } = context
  let response: Response
  try { response = await api.look({ method: 'GET', path: '/health' }) } catch (error) {
    return [{ what: 'server', good: false, says: linesOfError(error).lines.join('; ') }]
  }
  const health: unknown = await response.json().catch(() => null)
  return [
    { what: 'server', good: isObject(health), says: isObject(health) ? `${settings.url ?? ''} (from ${settings.urlFrom})` : `${settings.url ?? ''} is not the releasectl API` },
    clockFinding(response), ...partFindings(health), await tokenFinding(context),
  ]
}

/** Temporal, the database: as the server itself sees them. */
const partFindings = (health: unknown): Finding[] => isObject(health) && isObject(health['parts'])
  ? Object.entries(health['parts']).filter((part): part is [string, Record<string, unknown>] => isObject(part[1]))
    .map(([what, { up, ms, detail }]) => ({ what, good: up === true, says: up === true ? `answers in ${String(ms)} ms` : String(detail) }))
  : []

/** Approvals expire by the server's clock; the tree counts by this one. */
function clockFinding(response: Response): Finding {
  const skewMs = Date.now() - Date.parse(response.headers.get('date') ?? new Date().toISOString())
  const good = Math.abs(skewMs) <= MOST_SKEW_MS
  return { what: 'clock', good, says: good ? 'agrees with the server' : `${lasting(Math.abs(skewMs))} ${skewMs > 0 ? 'ahead of' : 'behind'} the server` }
}

async function tokenFinding({ api, settings }: Context): Promise<Finding> {
  if (settings.token === null) return { what: 'token', good: false, says: 'none: set RELEASECTL_TOKEN, or tokenFile in ~/.releasectl.yaml' }
  const response = await api.look({ method: 'GET', path: '/tokens' })
  if (response.ok) return { what: 'token', good: true, says: 'good; role admin' }
  const { lines: [says = ''] } = linesOfError(problemOf(response.status, await response.json().catch(() => null), 'GET /tokens'))
  return { what: 'token', good: response.status === 403, says: response.status === 403 ? `good; no admin: ${says}` : says }
}

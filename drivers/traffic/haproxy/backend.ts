import { failure } from '../../../domain/failures.js'
import type { Sticky } from '../port.js'
import type { RuntimeApi } from './runtime-api.js'

/** One of a backend's two servers, as HAProxy has it now. */
export interface Server {
  name: string
  address: string
  port: number
  tls: boolean
  weight: number
  /** Taken out by an administrator (`state maint`): gets no request, kept sessions neither. */
  maintained: boolean
  up: boolean
}
export interface Backend { servers: [Server, Server]; sticky: Sticky | null; status: Map<string, ServerStatus> }
/** A line of `show stat`. */
export interface ServerStatus { status: string; lastCheck: string; open: number; requests: number; errors: number }

const MAINTAINED = 0x01 | 0x04 // forced by the socket, or by `disabled` in the configuration
const RUNNING = 2

/** @returns null when HAProxy has no such backend. @throws CONFIG_INVALID when it has not just two servers */
export async function readBackend(api: RuntimeApi, name: string): Promise<Backend | null> {
  if (!/^[\w.:-]+$/.test(name)) return null // HAProxy's own rule for names; anything else would be a command
  const state = await api.say(`show servers state ${name}`)
  if (state.startsWith('Can\'t find backend')) return null
  const rows = table(state.split('\n').slice(1).join('\n').replace(/^# /, ''), ' ')
  const [one, two, ...more] = rows.map((row): Server => ({
    name: row('srv_name'), address: row('srv_addr'), port: Number(row('srv_port')), tls: row('srv_use_ssl') === '1',
    weight: Number(row('srv_uweight')), maintained: (Number(row('srv_admin_state')) & MAINTAINED) !== 0, up: Number(row('srv_op_state')) === RUNNING,
  }))
  if (!one || !two || more.length > 0) throw failure('CONFIG_INVALID', `${api.who}: backend ${name} must have just two servers, it has ${rows.length}`)
  const stat = table((await api.say(`show stat ${name} 6 -1`)).replace(/^# /, ''), ',')
  const whole = stat.find((row) => row('svname') === 'BACKEND')
  const status = stat.filter((row) => row !== whole).map((row): [string, ServerStatus] => [row('svname'), statusOf(row)])
  return { servers: [one, two], sticky: stickyOf(whole), status: new Map(status) }
}

type Row = (column: string) => string

function statusOf(row: Row): ServerStatus {
  const count = (column: string): number => Number(row(column))
  const answers = ['hrsp_1xx', 'hrsp_2xx', 'hrsp_3xx', 'hrsp_4xx', 'hrsp_5xx', 'hrsp_other'].reduce((sum, column) => sum + count(column), 0)
  const unanswered = count('econ') + count('eresp')
  return { status: row('status'), lastCheck: row('last_chk'), open: count('scur'), requests: answers + unanswered, errors: count('hrsp_5xx') + unanswered }
}

/** What the backend's configuration keeps sessions by; the Runtime API cannot change it. */
function stickyOf(row: Row | undefined): Sticky | null {
  const [cookie, algorithm] = [row?.('cookie') ?? '', row?.('algo') ?? '']
  return cookie !== '' ? { by: 'cookie', name: cookie } : algorithm === 'source' ? { by: 'address' } : null
}

function table(text: string, separator: string): Row[] {
  const [head = '', ...lines] = text.trim().split('\n')
  const columns = head.split(separator)
  return lines.filter((line) => line !== '').map((line) => { // no field we read holds the separator; the few texts that could come last
    const fields = line.split(separator)
    return (column) => fields[columns.indexOf(column)] ?? ''
  })
}

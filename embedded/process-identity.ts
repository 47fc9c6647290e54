import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** A process, not just a number: ids are used again, so its start belongs to it. */
export interface ProcessIdentity { pid: number, startedAt: string }

/** @returns undefined when no such process lives */
export function identify(pid: number): ProcessIdentity | undefined {
  const startedAt = existsSync('/proc/self/stat') ? startFromProc(pid) : ps(pid, 'lstart=')
  return startedAt ? { pid, startedAt } : undefined
}

/** Whether the very process that was written down lives. */
export const isAlive = ({ pid, startedAt }: ProcessIdentity): boolean => identify(pid)?.startedAt === startedAt

/** Its command line, or '' when it does not live. */
export function commandLine(pid: number): string {
  try {
    return existsSync('/proc/self/stat') ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') : ps(pid, 'args=')
  } catch { return '' }
}

/**
 * proc(5): field 22 of stat, clock ticks after boot; the name in field 2 may hold spaces and brackets. A zombie does not
 * live, but only when its threads (field 20) are gone too: until then it may hold its ports.
 */
function startFromProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' && Number(fields[17]) <= 1) return undefined
    return `${bootId()}/${fields[19]}`
  } catch { return undefined }
}

/** Ticks after boot mean nothing after the next boot. */
function bootId(): string {
  try { return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().slice(0, 8) } catch { return '' }
}

function ps(pid: number, column: string): string {
  try { return execFileSync('ps', ['-o', column, '-p', String(pid)], { encoding: 'utf8' }).trim() } catch { return '' }
}

import { execFile } from 'node:child_process'
import { readFile, readdir } from 'node:fs/promises'
import { promisify } from 'node:util'

interface Seen { state: string; group: number; born: string }
const hasEnded = ({ state }: Seen): boolean => /^[ZX]/.test(state) // a zombie lasts until somebody collects it, in some containers for ever

/**
 * When a process was started, as the launcher writes it down: clock ticks since boot (Linux, proc(5) stat field 22)
 * or ps's lstart (macOS). Together with the pid it names one process for ever. Null when it has ended.
 */
export async function born(pid: number): Promise<string | null> {
  const [seen] = process.platform === 'linux' ? await fromProc([String(pid)]) : await fromPs(['-p', String(pid)])
  return !seen || hasEnded(seen) ? null : seen.born
}

/** Does anybody in the process group still run? */
export async function isGroupAlive(group: number): Promise<boolean> {
  const all = process.platform === 'linux' ? await fromProc((await readdir('/proc')).filter((name) => /^\d+$/.test(name))) : await fromPs(['-ax'])
  return all.some((seen) => seen.group === group && !hasEnded(seen))
}

/** What follows the name, which may hold spaces: state, parent, group … */
async function fromProc(pids: string[]): Promise<Seen[]> {
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)))
  return stats.flatMap((stat) => {
    const fields = stat?.slice(stat.lastIndexOf(') ') + 2).split(' ')
    return fields ? [{ state: fields[0] ?? '', group: Number(fields[2]), born: fields[19] ?? '' }] : []
  })
}

async function fromPs(which: string[]): Promise<Seen[]> {
  const answer = await promisify(execFile)('ps', [...which, '-o', 'pgid=', '-o', 'state=', '-o', 'lstart=']).catch(() => null) // ps fails when there is none
  return (answer?.stdout ?? '').split('\n').flatMap((line) => {
    const [, group, state, start] = /^\s*(\d+)\s+(\S+)\s+(.*?)\s*$/.exec(line) ?? []
    return group !== undefined && state !== undefined && start !== undefined ? [{ group: Number(group), state, born: start }] : []
  })
}

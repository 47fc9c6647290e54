import type { Change } from '../../domain/change.js'
import type { TargetRef } from '../../domain/target.js'

/** What a command is built from. `temp`: a folder of its own, where inventory, variables and keys lie. */
export interface Playbook {
  temp: string
  playbook: string
  check: boolean
  limit?: string | undefined
  tags?: string | readonly string[] | undefined
  skipTags?: string | readonly string[] | undefined
  user?: string | undefined
  become: boolean
  connection?: string | undefined
  forks: number
  hasKey: boolean
  hasKnownHosts: boolean
  hasVault: boolean
}

export const playbookCommand = (play: Playbook): string[] => [
  'ansible-playbook', `--inventory=${play.temp}/inventory`, `--extra-vars=@${play.temp}/variables.json`, `--forks=${play.forks}`,
  ...play.check ? ['--check', '--diff'] : [],
  ...play.limit === undefined ? [] : [`--limit=${play.limit}`],
  ...play.tags === undefined ? [] : [`--tags=${[play.tags].flat().join(',')}`],
  ...play.skipTags === undefined ? [] : [`--skip-tags=${[play.skipTags].flat().join(',')}`],
  ...play.user === undefined ? [] : [`--user=${play.user}`],
  ...play.become ? ['--become'] : [],
  ...play.connection === undefined ? [] : [`--connection=${play.connection}`],
  ...play.hasKey ? [`--private-key=${play.temp}/key`] : [],
  ...play.hasKnownHosts ? [`--ssh-common-args=-o UserKnownHostsFile=${play.temp}/known_hosts -o StrictHostKeyChecking=yes`] : [],
  ...play.hasVault ? [`--vault-password-file=${play.temp}/vault`] : [],
  '--', play.playbook,
]

/** So that the recap can be read, and it is told as it happens. */
export const ENVIRONMENT = {
  ANSIBLE_NOCOLOR: '1', ANSIBLE_FORCE_COLOR: '0', ANSIBLE_STDOUT_CALLBACK: 'default', ANSIBLE_RETRY_FILES_ENABLED: '0', ANSIBLE_NOCOWS: '1',
  ANSIBLE_LOCALHOST_WARNING: '0', ANSIBLE_DEPRECATION_WARNINGS: '0', PYTHONUNBUFFERED: '1',
}

/** Groups of hosts, or one target, as an inventory in JSON (which is YAML, which Ansible reads). */
export function inventoryOf(groups: Record<string, string[]>): string {
  return JSON.stringify({ all: { children: Object.fromEntries(Object.entries(groups).map(([group, hosts]) => [group, { hosts: Object.fromEntries(hosts.map((host) => [host, {}])) }])) } })
}
/** A target is a host of that name; its labels are groups: `role_web`. */
export function inventoryOfTarget({ name, host, labels }: TargetRef): string {
  const groups = Object.entries(labels).map(([key, value]) => `${key}_${value}`.replace(/\W/g, '_'))
  return JSON.stringify({ all: { hosts: { [name]: { ansible_host: host ?? name } }, children: Object.fromEntries(groups.map((group) => [group, { hosts: { [name]: {} } }])) } })
}

export interface HostRecap { ok: number; changed: number; unreachable: number; failed: number; skipped: number; rescued: number; ignored: number }
const COUNTS = ['ok', 'changed', 'unreachable', 'failed', 'skipped', 'rescued', 'ignored'] as const

/** What stands under the last `PLAY RECAP`, by host; null when there is none: it did not get that far. */
export function readRecap(stdout: string): Map<string, HostRecap> | null {
  const start = stdout.lastIndexOf('\nPLAY RECAP ')
  if (start < 0) return null
  const lines = stdout.slice(start).split('\n').flatMap((line) => {
    const [, host, counts] = /^(\S+)\s+:\s+(ok=\d.*)$/.exec(line) ?? []
    return host === undefined || counts === undefined ? [] : [[host, counts] as const]
  })
  return new Map(lines.map(([host, counts]) => [host, Object.fromEntries(COUNTS.map((name) => [name, Number(new RegExp(`${name}=(\\d+)`).exec(counts)?.[1] ?? 0)])) as unknown as HostRecap]))
}

/** Why hosts failed: its own lines, the first few. */
export const fatalLines = (stdout: string, most = 5): string[] =>
  stdout.split('\n').filter((line) => /^(?:fatal|failed): \[/.test(line)).slice(0, most).map((line) => line.slice(0, 500))

const DIFF_CHARACTERS = 8192
/** What `--check --diff` says would change, by host. */
export function changesOf(stdout: string, recap: ReadonlyMap<string, HostRecap>): Change[] {
  const diffs = diffsByHost(stdout)
  return [...recap].map(([host, { changed, unreachable, failed }]) => {
    const diff = diffs.get(host)?.slice(0, DIFF_CHARACTERS)
    const unknown = unreachable > 0 ? 'not known: it does not answer' : failed > 0 ? 'not known: a task fails when it is only checked' : null
    const after = unknown ?? (changed > 0 ? `${changed} ${changed === 1 ? 'task changes' : 'tasks change'} it` : 'as it is')
    return { what: `host ${host}`, action: unknown !== null ? 'run' : changed > 0 ? 'update' : 'none', before: 'as it is', after, ...(diff !== undefined && { diff }) }
  })
}

/** A diff is printed before the line that says whose it is. */
function diffsByHost(stdout: string): Map<string, string> {
  const diffs = new Map<string, string>()
  let pending: string[] | null = null
  for (const line of stdout.split('\n')) {
    const host = /^changed: \[([^\]]+)\]/.exec(line)?.[1]?.split(' -> ')[0]
    if (line.startsWith('TASK [')) pending = null
    else if (line.startsWith('--- before')) pending = [...pending ?? [], line]
    else if (host !== undefined) {
      if (pending) diffs.set(host, `${diffs.get(host) ?? ''}${pending.join('\n')}\n`)
      pending = null
    } else if (pending && line !== '') pending.push(line)
  }
  return diffs
}

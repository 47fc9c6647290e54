import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SshHost } from '../../drivers/hosts/ssh/host.js'
import { SshPool } from '../../drivers/hosts/ssh/pool.js'
import type { SshSettings } from '../../drivers/hosts/port.js'
import { sharedComponent } from './component.js'

export interface SshHosts {
  folder: string
  /** sshd of this machine itself: files and processes are those the test sees. */
  here: SshSettings
  /** Machines of their own, in network namespaces; root is logged in to. */
  hosts: SshSettings[]
}

/** Real SSH hosts (test/testbed/ssh.sh), once a run. */
export async function sshHosts(): Promise<SshHosts> {
  const { folder, port } = await sharedComponent('ssh', ['TESTBED_SSH_PORT'])
  const key = await readFile(join(folder, 'ssh/id_ed25519'), 'utf8')
  const settings = async (name: string, host: string, number: number, place: string): Promise<SshSettings> => {
    const [type, publicKey] = (await readFile(join(folder, 'ssh', place, 'host_ed25519.pub'), 'utf8')).split(' ')
    const named = number === 22 ? host : `[${host}]:${number}`
    return { name, host, port: number, user: 'root', key, agent: false, sudo: false, connectTimeoutMs: 10_000, knownHosts: `${named} ${type} ${publicKey}\n` }
  }
  const lines = (await readFile(join(folder, 'ssh/hosts'), 'utf8')).trim().split('\n').map((line) => line.split(' '))
  return {
    folder,
    here: await settings('here', '127.0.0.1', port['TESTBED_SSH_PORT'] ?? 0, '.'),
    hosts: await Promise.all(lines.map(([address = '', number = '', name = '']) => settings(name, address, Number(number), name))),
  }
}

/** What a host prints for a script; it must say yes. */
export async function on(settings: SshSettings, script: string, pool = new SshPool()): Promise<string> {
  const result = await new SshHost(pool, settings).run({ key: `test ${Math.random()}`, script, interpreter: '/bin/bash -e', workDir: null, environment: {}, timeoutMs: 60_000 }, { output: () => undefined })
  if (result.exitCode !== 0) throw new Error(`${settings.name}: ${result.stderr}`)
  return result.stdout
}

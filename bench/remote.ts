import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { SshHost } from '../drivers/hosts/ssh/host.js'
import { SshPool } from '../drivers/hosts/ssh/pool.js'
import type { SshSettings } from '../drivers/hosts/port.js'
import { startComponent } from '../test/testbed/component.js'
import type { Row } from './row.js'
import { setting } from './statistics.js'
import { command, inTurns } from './turns.js'

/** A script by the SSH driver, which keeps a record of it on the host, beside the ssh command running the same; a real sshd on this machine. */
export async function remote(): Promise<Row[]> {
  const turns = setting('BENCH_TURNS', 15)
  const ssh = await startComponent('ssh', ['TESTBED_SSH_PORT'], { TESTBED_SSH_HOSTS: '1' })
  const folder = join(ssh.folder, 'ssh')
  const port = ssh.port['TESTBED_SSH_PORT'] ?? 0
  const known = `[127.0.0.1]:${port} ${(await readFile(join(folder, 'host_ed25519.pub'), 'utf8')).split(' ').slice(0, 2).join(' ')}\n`
  await writeFile(join(folder, 'known'), known)
  const settings: SshSettings = { name: 'bench', host: '127.0.0.1', port, user: 'root', key: await readFile(join(folder, 'id_ed25519'), 'utf8'), agent: false, sudo: false, connectTimeoutMs: 10_000, knownHosts: known }
  const options = ['-F', 'none', '-p', String(port), '-i', join(folder, 'id_ed25519'), '-o', 'BatchMode=yes', '-o', `UserKnownHostsFile=${join(folder, 'known')}`]
  const shared = [...options, '-o', 'ControlMaster=auto', '-o', `ControlPath=${join(folder, 'control')}`, '-o', 'ControlPersist=60']
  const bare = (with_: string[]) => ({ run: () => command('ssh', [...with_, 'root@127.0.0.1', '/bin/sh', '-s'], { input: 'echo hello\n' }) })
  const run = async (pool: SshPool): Promise<void> => {
    const { exitCode, stderr } = await new SshHost(pool, settings).run({ key: randomUUID(), script: 'echo hello\n', interpreter: '/bin/sh', workDir: null, environment: {}, timeoutMs: 30_000 }, { output: () => undefined })
    if (exitCode !== 0) throw new Error(`the script ended with ${exitCode}: ${stderr}`)
  }
  const kept = new SshPool()
  try {
    return [
      await inTurns('a script over a connection that is open, once by its key and followed to its end; beside `ssh` with ControlMaster', turns, { run: () => run(kept) }, bare(shared)),
      await inTurns('the same with a new connection, beside `ssh` without', turns, { run: () => run(new SshPool({ idleMs: 100 })) }, bare(options)),
    ]
  } finally {
    await command('ssh', [...shared, '-O', 'exit', 'root@127.0.0.1']).catch(() => undefined)
    await ssh.stop()
  }
}

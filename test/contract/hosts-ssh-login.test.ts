import { execFile, spawn } from 'node:child_process'
import { appendFile, mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SshHost } from '../../drivers/hosts/ssh/host.js'
import { SshPool } from '../../drivers/hosts/ssh/pool.js'
import type { SshLogin, SshSettings } from '../../drivers/hosts/port.js'
import { on, sshHosts, type SshHosts } from '../support/ssh-hosts.js'
import { aFile } from './host-files.js'

const run = promisify(execFile)
const pool = new SshPool()
let world: SshHosts
let web: SshSettings
let inner: SshSettings
const newFolder = async (): Promise<string> => mkdtemp(join(tmpdir(), 'releasectl-ssh-'))
const refused = (message: RegExp): object => ({ type: 'TARGET_REFUSED', message: expect.stringMatching(message) as string })

beforeAll(async () => {
  world = await sshHosts()
  web = world.hosts[0] as SshSettings
  inner = world.hosts[1] as SshSettings
  await on(web, `for user in deploy app locked; do id $user > /dev/null 2>&1 || useradd -m -s /bin/bash -p '*' $user; done
    usermod -s /usr/sbin/nologin locked; echo 'deploy:correct horse' | chpasswd
    echo 'deploy ALL=(app,root) NOPASSWD: ALL' > /etc/sudoers.d/deploy; echo '${inner.host} inner.internal' >> /etc/hosts`)
})
afterAll(() => { pool.close() })

test('a key that is not admitted is refused, naming the host, the user and what was tried', async () => {
  const folder = await newFolder()
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'key')])
  const key = await readFile(join(folder, 'key'), 'utf8')
  await expect(on({ ...web, key }, 'true', pool)).rejects.toMatchObject(refused(/rlhost1 \(root@.*\) does not let root log in; tried: key/))
})

test('a host that is in no known_hosts is refused with the fingerprint it shows', async () => {
  const file = join(world.folder, 'ssh/rlhost1/host_ed25519.pub')
  const shown = (await run('ssh-keygen', ['-l', '-f', file])).stdout.split(' ')[1] ?? 'none'
  await expect(on({ ...web, knownHosts: '' }, 'true', pool)).rejects.toMatchObject(refused(/rlhost1 .*host key ssh-ed25519 SHA256:\S+ is unknown/))
  await expect(on({ ...web, knownHosts: '' }, 'true', pool)).rejects.toThrow(shown)
  expect(await on({ ...web, knownHosts: undefined, hostKey: shown }, 'hostname', pool)).toBe('rlhost1\n')
})

test('a host whose key has changed is refused with both fingerprints', async () => {
  const changed = (inner.knownHosts ?? '').replace(inner.host, web.host)
  await expect(on({ ...web, knownHosts: changed }, 'true', pool)).rejects.toMatchObject(refused(/has changed: it shows ssh-ed25519 SHA256:\S+, known is ssh-ed25519 SHA256:\S+$/))
  await expect(on({ ...web, hostKey: 'SHA256:AAAA' }, 'true', pool)).rejects.toMatchObject(refused(/it shows ssh-ed25519 SHA256:\S+, expected is SHA256:AAAA/))
})

test('hashed known_hosts are read as ssh-keygen writes them', async () => {
  const file = join(await newFolder(), 'known_hosts')
  await appendFile(file, web.knownHosts ?? '')
  await run('ssh-keygen', ['-H', '-f', file])
  const hashed = await readFile(file, 'utf8')
  expect(hashed).not.toContain(web.host)
  expect(await on({ ...web, knownHosts: hashed }, 'hostname', pool)).toBe('rlhost1\n')
})

test('a host that does not answer is unreachable, a closed port as well as nobody at all', async () => {
  const nobody = web.host.replace(/\.\d+$/, '.250')
  await expect(on({ ...web, port: 9 }, 'true', pool)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', message: expect.stringContaining('ECONNREFUSED') as string })
  await expect(on({ ...web, host: nobody, connectTimeoutMs: 1500 }, 'true', pool)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', message: expect.stringContaining(nobody) as string })
})

test('an encrypted key opens with its passphrase, and a wrong one is told without it', async () => {
  const file = join(await newFolder(), 'key')
  await run('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', 'open sesame', '-f', file])
  await appendFile(join(world.folder, 'ssh/authorized_keys'), await readFile(`${file}.pub`))
  const key = await readFile(file, 'utf8')
  expect(await on({ ...web, key, passphrase: 'open sesame' }, 'hostname', pool)).toBe('rlhost1\n')
  const wrong = on({ ...web, key, passphrase: 'open says me' }, 'true', pool)
  await expect(wrong).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: expect.not.stringContaining('open says me') as string })
})

test('a password logs in, a wrong one is refused', async () => {
  const deploy = { ...web, user: 'deploy', key: undefined }
  expect(await on({ ...deploy, password: 'correct horse' }, 'id -un', pool)).toBe('deploy\n')
  await expect(on({ ...deploy, password: 'battery' }, 'true', pool)).rejects.toMatchObject(refused(/does not let deploy log in; tried: password$/))
  await expect(on(deploy, 'true', pool)).rejects.toMatchObject({ type: 'CONFIG_INVALID' })
})

test('the SSH agent of the worker logs in', async () => {
  const socket = join(await newFolder(), 'agent')
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve) => agent.stdout.once('data', resolve))
  process.env['SSH_AUTH_SOCK'] = socket
  try {
    await run('ssh-add', ['-q', join(world.folder, 'ssh/id_ed25519')])
    expect(await on({ ...web, key: undefined, agent: true }, 'hostname', pool)).toBe('rlhost1\n')
  } finally {
    delete process.env['SSH_AUTH_SOCK']
    agent.kill()
  }
  await expect(on({ ...web, key: undefined, agent: true, name: 'other' }, 'true', pool)).rejects.toMatchObject({ type: 'CONFIG_INVALID' })
})

test('a host behind a bastion is reached by the name the bastion knows, and both keys are checked', async () => {
  const bastion: SshLogin = { host: web.host, port: web.port, user: web.user, key: web.key, agent: false, knownHosts: web.knownHosts }
  const behind: SshSettings = { ...inner, host: 'inner.internal', knownHosts: (inner.knownHosts ?? '').replace(inner.host, 'inner.internal'), bastion }
  expect(await on(behind, 'hostname', pool)).toBe('rlhost2\n')
  await expect(on({ ...behind, bastion: { ...bastion, knownHosts: '' } }, 'true', pool)).rejects.toMatchObject(refused(/^bastion of rlhost2 \(root@.*is unknown/))
  await expect(on({ ...behind, knownHosts: '' }, 'true', pool)).rejects.toMatchObject(refused(/^rlhost2 \(root@inner.internal:22\): its host key .* is unknown/))
  await expect(on({ ...behind, host: 'nowhere.internal' }, 'true', pool)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', message: expect.stringContaining('through') as string })
})

test('who is not root works in a home of its own', async () => {
  expect(await on({ ...web, user: 'deploy' }, 'id -un; dirname "$(dirname "$PWD")"', pool)).toMatch(/^deploy\n\/home\/deploy\/.releasectl\/runs\n$/)
})

test('sudo runs scripts and writes files as another user, and as root', async () => {
  const deploy = { ...web, user: 'deploy' }
  expect(await on({ ...deploy, sudo: 'app' }, 'id -un; echo $HOME', pool)).toBe('app\n/home/app\n')
  expect(await on({ ...deploy, sudo: true }, 'id -un', pool)).toBe('root\n')
  const asApp = new SshHost(pool, { ...deploy, sudo: 'app' })
  await asApp.put(aFile('/home/app/site/index.html', 'hello', 0o640))
  expect(await on(web, 'stat -c "%U %a" /home/app/site/index.html', pool)).toBe('app 640\n')
  expect((await asApp.read('/home/app/site/index.html', 100))?.toString('utf8')).toBe('hello')
})

test('sudo that wants a password is refused with its words', async () => {
  await expect(on({ ...web, user: 'app', sudo: true }, 'true', pool)).rejects.toMatchObject(refused(/sudo: a password is required/))
})

test('an account without a shell is refused with what it says', async () => {
  await expect(on({ ...web, user: 'locked' }, 'true', pool)).rejects.toMatchObject(refused(/not available/))
})

test('an environment is on no command line of the machine, and in no file others may read', async () => {
  const host = new SshHost(pool, { ...web, user: 'deploy' })
  const result = await host.run({
    key: `secret ${Math.random()}`, interpreter: 'bash', workDir: null, environment: { TOKEN: 'hunter2' }, timeoutMs: 60_000,
    script: 'cat /proc/[0-9]*/cmdline | tr "\\0" "\\n" | grep -c hunte[r]2; find ~/.releasectl -perm /077 -type f; find ~/.releasectl -name "environment*"; echo "[$TOKEN]"',
  }, { output: () => undefined })
  expect(result.stdout).toBe('0\n[hunter2]\n')
})

test('more scripts at once than a connection has sessions all run', async () => {
  const answers = await Promise.all(Array.from({ length: 24 }, (_, n) => on(web, `sleep 0.5; echo ${n}`, pool)))
  expect(answers).toEqual(Array.from({ length: 24 }, (_, n) => `${n}\n`))
})

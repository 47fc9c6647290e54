import { execFileSync } from 'node:child_process'
import type { AddressInfo, Socket } from 'node:net'
import ssh2 from 'ssh2'
import { expect, test } from 'vitest'
import { asUser, beginCommand, commandLine, environmentFile, prepareCommand, quote, remoteCommand } from '../../drivers/hosts/ssh/commands.js'
import { FrameReader } from '../../drivers/hosts/ssh/frames.js'
import { hostKeyAlgorithms } from '../../drivers/hosts/ssh/host-key.js'
import { knownKeys } from '../../drivers/hosts/ssh/known-hosts.js'
import { SshPool } from '../../drivers/hosts/ssh/pool.js'
import { Remote } from '../../drivers/hosts/ssh/remote.js'

test.each(['plain', '', 'two words', 'it\'s', '$HOME `id` "x" \\ !', 'line\nbreak', '-n', '~root', 'größe', '*'])('a shell gives the word %j back', (word) => {
  expect(execFileSync('/bin/sh', ['-c', `printf %s ${quote(word)}`]).toString('utf8')).toBe(word)
})

test('commands are quoted word by word', () => {
  expect(commandLine(remoteCommand('/srv/my home', 'abc', ['look', '/d', '1', '0', '0']))).toBe('sh \'/srv/my home/tools/abc/remote.sh\' look /d 1 0 0')
  expect(prepareCommand('', 'abc', 10, 15).slice(3)).toEqual(['releasectl', '', 'abc', '10', '15'])
})

test('sudo never asks', () => {
  expect(asUser(false, ['id'])).toEqual(['id'])
  expect(asUser(true, ['id'])).toEqual(['sudo', '-n', '-H', '--', 'id'])
  expect(asUser('app', ['id', '-un'])).toEqual(['sudo', '-n', '-H', '-u', 'app', '--', 'id', '-un'])
})

test('what begins a script has its environment and its text on stdin, and their lengths on the command line', () => {
  const { words, input } = beginCommand('/d', { mode: 'script', generation: 1, port: 0, workDir: null, environment: { A: 'ü $x' }, file: 'script', content: 'echo hi', command: ['bash', '-e'] })
  expect(input.toString('utf8')).toBe('export A=\'ü $x\'\necho hi')
  expect(words).toEqual(['begin', '/d', '1', '0', 'script', '', '24', '17', 'script', 'bash', '-e', '/d/script'])
})

test.each([['a.b', { 'a.b': 'x' }, 'a.b is no name'], ['a NUL', { A: 'x\0y' }, 'A holds a NUL']])('an environment no shell takes is refused: %s', (_what, environment, message) => {
  expect(() => environmentFile(environment)).toThrow(message)
})

function heard(text: string, size: number): { frames: Record<string, string>; reader: FrameReader; good: boolean } {
  const frames: Record<string, string> = {}
  const reader = new FrameReader((name, piece) => { frames[name] = (frames[name] ?? '') + piece.toString('latin1') })
  let good = true
  for (let at = 0; at < text.length; at += size) good = good && reader.feed(Buffer.from(text.slice(at, at + size)))
  return { frames, reader, good }
}

test.each([1, 2, 7, 1000])('frames are heard however they are cut (every %i bytes), and what a login shell says before is none', (size) => {
  const { frames, reader, good } = heard('Welcome to web-1\nout 9\n\nreleasectl-answers\nout 3\na\nbclaim 0\nexit 1\n0log *\nexit 5\n', size)
  expect(good).toBe(true)
  expect(frames).toEqual({ out: 'a\nb', claim: '', exit: '0', log: 'exit 5\n' })
  expect(reader.isWhole).toBe(true)
})

test.each([
  ['cut in a frame', '\nreleasectl-answers\nout 30\na', true, false],
  ['cut in a header', '\nreleasectl-answers\nout 3', true, false],
  ['another program', 'This account is currently not available.\n', true, false],
  ['no frame after the mark', '\nreleasectl-answers\n$ ls -la /\n', false, false],
])('an answer that is none is noticed: %s', (_what, text, good, isWhole) => {
  const answer = heard(text, 1000)
  expect([answer.good, answer.reader.isWhole]).toEqual([good, isWhole])
})

test('known_hosts lines are found by name, address, port and wildcard, and negations count', () => {
  const file = 'web-1,10.0.0.1 ssh-ed25519 AAAA comment\n[web-1]:2222 ssh-rsa BBBB\n*.internal,!old.internal ssh-ed25519 CCCC\n@revoked web-1 ssh-ed25519 DDDD\n@cert-authority * ssh-rsa EEEE\n# web-1 ssh-rsa FFFF\n'
  const found = (host: string, port = 22): string[] => knownKeys(file, host, port).map(({ key, revoked }) => key.toString('base64') + (revoked ? ' revoked' : ''))
  expect(found('WEB-1')).toEqual(['AAAA', 'DDDD revoked'])
  expect(found('10.0.0.1')).toEqual(['AAAA'])
  expect(found('web-1', 2222)).toEqual(['BBBB'])
  expect(found('a.internal')).toEqual(['CCCC'])
  expect(found('old.internal')).toEqual([])
  expect(found('webx1')).toEqual([])
})

test('a host is asked first for a key of the type that is known', () => {
  const first = (knownHosts: string): string[] => hostKeyAlgorithms({ host: 'web-1', port: 22, knownHosts }).slice(0, 2)
  expect(first('web-1 ssh-rsa AAAA\n')).toEqual(['rsa-sha2-512', 'rsa-sha2-256'])
  expect(first('other ssh-rsa AAAA\n')[0]).toBe('ssh-ed25519')
})

/** A double for sshd, which cannot be made to send what it says in one packet: it answers whatever is asked, all at once. */
async function answersAtOnce(answer: string, code: number): Promise<{ port: number; key: string; stop: () => void }> {
  const keys = ssh2.utils.generateKeyPairSync('ed25519')
  const server = new ssh2.Server({ hostKeys: [keys.private] }, (client) => {
    const socket = (client as unknown as { _sock: Socket })._sock
    client.on('error', () => undefined)
    client.on('authentication', (login) => { login.accept() })
    client.on('session', (accept) => {
      accept().on('exec', (begin) => {
        socket.cork()
        const channel = begin()
        channel.write(answer)
        channel.exit(code)
        channel.end()
        setTimeout(() => { socket.uncork() }, 50)
      })
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return { port: (server.address() as AddressInfo).port, key: keys.private, stop: () => { server.close() } }
}

test.each([0, 3])('an answer that comes in one packet with its exit code %i is heard with it', async (code) => {
  const { port, key, stop } = await answersAtOnce('\nreleasectl-answers\nhome 2\n/hkept 0\n', code)
  const pool = new SshPool()
  const remote = new Remote(pool, { name: 'web-1', host: '127.0.0.1', port, user: 'root', key, agent: false, sudo: false, connectTimeoutMs: 10_000, knownHosts: `[127.0.0.1]:${port} ${publicOf(key)}` })
  const answer = remote.call(() => ({ words: ['ready'] }))
  if (code === 0) expect([...(await answer).keys()]).toEqual(['home', 'kept'])
  else await expect(answer).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining(`its shell ended with ${code}`) as string })
  pool.close()
  stop()
})

/** As known_hosts has it. */
function publicOf(key: string): string {
  const parsed = ssh2.utils.parseKey(key)
  if (parsed instanceof Error) throw parsed
  return `${parsed.type} ${parsed.getPublicSSH().toString('base64')}`
}

import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { createBody } from '../../drivers/containers/create-body.js'
import { connectionOptions } from '../../drivers/containers/docker-connect.js'
import { engineFailure, refusal } from '../../drivers/containers/engine-failure.js'
import { distrust, fingerprint, knownTypes } from '../../drivers/containers/host-key.js'
import { logFrames } from '../../drivers/containers/log-frames.js'
import { PullCount } from '../../drivers/containers/pull-progress.js'
import { specOf } from '../contract/containers.js'

test('a container is asked for as it was meant', () => {
  const spec = specOf('web-1', 'app@sha256:1', {
    command: ['serve'], environment: { A: 'b=c' }, labels: { l: '1' }, ports: [{ container: 80, host: 8080, address: '127.0.0.1', protocol: 'tcp' }, { container: 80, host: 0, address: '::1', protocol: 'tcp' }],
    restart: 'on-failure:3', cpus: 1.5, memoryBytes: 1024, pids: 9, volumes: ['data:/data:ro'], networks: ['front', 'bridge', 'back'], aliases: ['web'], user: 'nobody', workDir: '/srv',
    healthcheck: { command: ['CMD', 'true'], intervalMs: 1000, timeoutMs: 500, startPeriodMs: 0, retries: 2 },
  })
  expect(createBody(spec)).toEqual({
    body: {
      Image: 'app@sha256:1', Cmd: ['serve'], Env: ['A=b=c'], Labels: { l: '1' }, User: 'nobody', WorkingDir: '/srv', ExposedPorts: { '80/tcp': {} },
      Healthcheck: { Test: ['CMD', 'true'], Interval: 1e9, Timeout: 5e8, StartPeriod: 0, Retries: 2 },
      HostConfig: {
        PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }, { HostIp: '::1', HostPort: '' }] }, RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
        LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } }, NanoCpus: 1.5e9, Memory: 1024, PidsLimit: 9, Binds: ['data:/data:ro'], NetworkMode: 'front',
      },
      NetworkingConfig: { EndpointsConfig: { front: { Aliases: ['web-1', 'web'] } } },
    },
    connect: { bridge: {}, back: { Aliases: ['web-1', 'web'] } },
  })
})

test('an engine is called what it is, whatever the worker\'s own environment says', () => {
  expect(connectionOptions({ host: 'unix:///run/d.sock' })).toMatchObject({ where: 'unix:///run/d.sock', reachedAt: '127.0.0.1', options: { socketPath: '/run/d.sock', ca: undefined } })
  expect(connectionOptions({ host: 'tcp://node1', tls: { ca: 'c', cert: 'd', key: 'e' } })).toMatchObject({ where: 'tcp://node1:2376', reachedAt: 'node1', options: { protocol: 'https', port: 2376 } })
  expect(connectionOptions({ host: 'tcp://node1', tls: undefined })).toMatchObject({ where: 'tcp://node1:2375', options: { protocol: 'http' } })
  expect(connectionOptions({ host: 'ssh://ops@node1:2222', ssh: { knownHosts: '' } })).toMatchObject({ where: 'ssh://ops@node1:2222', reachedAt: 'node1' })
  expect(() => connectionOptions({ host: 'node1:2375' })).toThrow(/not node1:2375/)
})

test('a host is known by its fingerprint, its name, its pattern or its hashed name, and revoked keys never are', () => {
  const [key, other] = [Buffer.from('key one'), Buffer.from('key two')]
  const line = (names: string, of = key): string => `${names} ssh-ed25519 ${of.toString('base64')}`
  const hashed = `|1|${Buffer.from('salt').toString('base64')}|${createHmac('sha1', 'salt').update('[web]:2222').digest('base64')}`
  const at = (knownHosts: string, port = 22) => distrust(key, { host: 'web', port, knownHosts })
  expect([at(line('db,web')), at(line('w?b')), at(line(hashed), 2222), at(line('[web]:2222'), 2222), distrust(key, { host: 'web', port: 22, hostKey: fingerprint(key) })]).toEqual([null, null, null, null, null])
  expect(at(line('web', other))).toContain('the host key has changed')
  for (const unknown of [line('db'), line('*,!web'), line('web'.concat('x')), `# ${line('web')}`, `@cert-authority ${line('web')}`, '']) expect(at(unknown)).toContain('is not known')
  expect(at(line('web'), 2222)).toContain('is not known')
  expect(at(`${line('web')}\n@revoked ${line('*')}`)).toContain('is revoked')
  expect(knownTypes({ host: 'web', port: 22, knownHosts: line('web') })).toEqual(['ssh-ed25519'])
})

test.each([
  ['manifest for app:v9 not found: manifest unknown', 404, 'TARGET_REFUSED', /refused: manifest/],
  ['Head "https://r/v2/app/manifests/v1": no basic auth credentials', 500, 'TARGET_REFUSED', /does not let this login in/],
  ['write /var/lib/docker/tmp/x: no space left on device', 500, 'TARGET_REFUSED', /^the disk of engine e is full/],
  ['Get "https://r/v2/": dial tcp 10.0.0.1:443: connect: connection refused', 500, 'TARGET_UNREACHABLE', /connection refused/],
  ['toomanyrequests: You have reached your pull rate limit', 500, 'TARGET_UNREACHABLE', /toomanyrequests/],
  ['anything', 503, 'TARGET_UNREACHABLE', /anything/],
])('an engine that says "%s" (%i) is %s', (words, status, type, message) => {
  expect(refusal(words, 'e', 'pull app:v1', status)).toMatchObject({ type, message: expect.stringMatching(message) as string })
})

test('silence, distrust and a closed door are told apart', () => {
  const error = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code })
  expect(engineFailure(error('ECONNREFUSED'), 'e', 'x')).toMatchObject({ type: 'TARGET_UNREACHABLE' })
  expect(engineFailure(error('DEPTH_ZERO_SELF_SIGNED_CERT'), 'e', 'x')).toMatchObject({ type: 'TARGET_REFUSED' })
  expect(engineFailure(error('EACCES'), 'e', 'x')).toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('may not use it') as string })
  expect(engineFailure(error('ABORT_ERR'), 'e', 'x', 60_000)).toMatchObject({ type: 'TARGET_UNREACHABLE', message: 'engine e did not answer within 1m: x' })
})

test('a pull is counted by layers and bytes', () => {
  const count = new PullCount()
  const events = [
    { status: 'Pulling from app', id: 'v1' }, { status: 'Pulling fs layer', id: 'a' }, { status: 'Already exists', id: 'b' }, { status: 'Downloading', id: 'a', progressDetail: { current: 30, total: 100 } },
  ]
  for (const event of events) count.add(event)
  expect(count.progress).toEqual({ layers: 2, layersDone: 1, bytes: 30, totalBytes: 100 })
  for (const status of ['Download complete', 'Pull complete']) count.add({ status, id: 'a' })
  expect(count.progress).toEqual({ layers: 2, layersDone: 2, bytes: 100, totalBytes: 100 })
})

test('what a container writes comes whole, however its bytes are cut', async () => {
  const frame = (stream: number, text: string): Buffer => Buffer.concat([Buffer.from([stream, 0, 0, 0]), Buffer.from([0, 0, 0, Buffer.byteLength(text)]), Buffer.from(text)])
  const bytes = Buffer.concat([frame(1, 'grün\n'), frame(2, 'oh'), frame(1, 'x')])
  const each = async function* (): AsyncGenerator<Buffer> { for (const byte of bytes) yield Buffer.from([byte]) }
  const chunks = []
  for await (const chunk of logFrames(each(), false)) chunks.push(chunk)
  expect(chunks).toEqual([{ stream: 'stdout', offset: 0, text: 'grün\n' }, { stream: 'stderr', offset: 0, text: 'oh' }, { stream: 'stdout', offset: 6, text: 'x' }])
})

import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { freePort, testDatabase } from '../support/servers.js'
import { NOWHERE } from './api-world.js'

const folder = await mkdtemp(join(tmpdir(), 'releasectl-api-'))
afterAll(() => rm(folder, { recursive: true }))
await writeFile(join(folder, 'key'), randomBytes(32).toString('base64'))

test('the API starts without Temporal, writes its first token, logs no token, and ends when told to', async () => {
  const port = await freePort()
  const tokenFile = join(folder, 'token')
  const api: ChildProcess = spawn(process.execPath, ['--import', 'tsx', 'api/server.ts'], {
    env: { PATH: process.env['PATH'], DATABASE_URL: await testDatabase(), TEMPORAL_ADDRESS: NOWHERE, RELEASECTL_KEY_FILE: join(folder, 'key'), RELEASECTL_TOKEN_FILE: tokenFile, API_PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  api.stdout?.on('data', (chunk: Buffer) => { log += chunk.toString() })
  api.stderr?.on('data', (chunk: Buffer) => { log += chunk.toString() })
  while (api.exitCode === null && !await listens(port)) await new Promise((resolve) => setTimeout(resolve, 5))
  const token = (await readFile(tokenFile, 'utf8')).trim() // it is there before anyone can find the API
  const answer = await fetch(`http://127.0.0.1:${port}/tokens`, { headers: { authorization: `Bearer ${token}` } })
  expect(await answer.json(), log).toMatchObject({ items: [{ name: 'admin', role: 'admin', createdBy: 'first start' }] })
  api.kill('SIGTERM')
  expect((await once(api, 'exit'))[0], log).toBe(0)
  expect(log).toContain('/tokens')
  expect(log).not.toContain(token)
}, 60_000)

const listens = (port: number): Promise<boolean> => new Promise((resolve) => {
  const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true) }).once('error', () => resolve(false))
})

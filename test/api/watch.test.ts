import { randomUUID } from 'node:crypto'
import { connect as connectSocket, type AddressInfo, type Socket } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import type { ReleaseEvent } from '../../domain/release.js'
import { acceptedView } from '../../api/accepted-view.js'
import { writeJournal } from '../../store/journal.js'
import { inputOf, planOf } from '../support/plan-builder.js'
import { ApiWorld } from './api-world.js'

const world = await ApiWorld.open()
await world.app.listen({ host: '127.0.0.1', port: 0 })
const port = (world.app.server.address() as AddressInfo).port
afterAll(async () => { await world.close() })

/** Write journal entries of a release as its workflow would; `end`: with the last one it has ended. */
async function journal(releaseId: string, from: number, to: number, end = false, padding = 0): Promise<void> {
  const view = { ...acceptedView(inputOf(releaseId, planOf([]))), sequence: to, status: end ? 'succeeded' as const : 'running' as const, endedAt: end ? new Date().toISOString() : null }
  const events = Array.from({ length: to - from + 1 }, (_, index): ReleaseEvent => ({
    sequence: from + index, at: new Date().toISOString(), type: 'job.started', stage: 'ship', job: 'upload', message: `event ${from + index}`, data: { padding: 'x'.repeat(padding) },
  }))
  await writeJournal(world.database, { release: view.release, events, view, undo: [] })
}
interface Message { event: string; id: string; data: { message?: string; text?: string; status?: string } }

async function* watch(releaseId: string, { headers = {}, query = '' }: { headers?: Record<string, string>; query?: string } = {}): AsyncGenerator<Message> {
  const answer = await fetch(`http://127.0.0.1:${port}/releases/${releaseId}/watch${query}`, { headers: { authorization: `Bearer ${world.token('viewer')}`, ...headers } })
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  let text = ''
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString()
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = Object.fromEntries(text.slice(0, end).split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]))
      text = text.slice(end + 2)
      if (fields['event'] !== undefined) yield { event: fields['event'], id: fields['id'] ?? '', data: JSON.parse(fields['data'] ?? '') as Message['data'] }
    }
  }
}

test('a watcher sees what was and what comes, goes on after a break, and is told the end', async () => {
  const id = randomUUID()
  await journal(id, 1, 3)
  const seen: string[] = []
  for await (const { id: place, event } of watch(id)) {
    seen.push(`${event} ${place}`)
    if (seen.length === 3) await journal(id, 4, 4)
    if (seen.length === 4) break
  }
  expect(seen).toEqual(['release 1', 'release 2', 'release 3', 'release 4'])
  await journal(id, 5, 6, true)
  const rest: string[] = []
  for await (const { id: place, event, data } of watch(id, { headers: { 'last-event-id': '4' } })) rest.push(`${event} ${place} ${data.status ?? ''}`)
  expect(rest).toEqual(['release 5 ', 'release 6 ', 'end 6 succeeded'])
})

test('log lines come with the journal when asked for, and resume by the same id', async () => {
  const id = randomUUID()
  await journal(id, 1, 1)
  const write = (offset: number): Promise<unknown> => world.database.logChunk.create({ data: { releaseId: id, job: 'upload', attempt: 1, stream: 'stdout', offset: BigInt(offset), text: `line ${offset}` } })
  await write(0)
  await write(7)
  const seen: Message[] = []
  for await (const message of watch(id, { query: '?logs=1' })) {
    seen.push(message)
    if (seen.length === 3) break
  }
  expect(seen.map(({ event, data }) => `${event} ${data.message ?? data.text ?? ''}`)).toEqual(['release event 1', 'log line 0', 'log line 7'])
  await write(14)
  await journal(id, 2, 2, true)
  const rest: string[] = []
  for await (const { event, data } of watch(id, { query: `?logs=1&after=${seen[2]?.id ?? ''}` })) rest.push(`${event} ${data.message ?? data.text ?? data.status ?? ''}`)
  expect(rest).toEqual(['release event 2', 'log line 14', 'end succeeded'])
  const listed = (await world.ask('viewer', 'GET', `/releases/${id}/logs?job=upload&limit=2`)).json<{ items: { text: string }[]; next: number }>()
  expect(listed.items.map(({ text }) => text)).toEqual(['line 0', 'line 7'])
  expect((await world.ask('viewer', 'GET', `/releases/${id}/logs?after=${listed.next}`)).json()).toMatchObject({ items: [{ text: 'line 14' }] })
})

test('a watcher that does not read costs a page of memory, not the whole journal', async () => {
  const id = randomUUID()
  for (let from = 1; from <= 20_000; from += 4000) await journal(id, from, from + 3999, false, 900)
  const accepted = new Promise<Socket>((resolve) => { world.app.server.once('connection', resolve) })
  const socket = connectSocket(port, '127.0.0.1').pause()
  socket.write(`GET /releases/${id}/watch HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${world.token('viewer')}\r\n\r\n`)
  const server = await accepted
  for (let written = -1; server.bytesWritten === 0 || server.bytesWritten > written;) { // until the sockets are full
    written = server.bytesWritten
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  expect(server.bytesWritten).toBeLessThan(15_000_000) // of 22 MB
  expect(server.writableLength).toBeLessThan(500_000)
  socket.destroy()
}, 60_000)

test('a watched release must be there, and be the tenant\'s own', async () => {
  const id = randomUUID()
  await journal(id, 1, 1)
  await world.addToken({ name: 'stranger', role: 'admin', tenant: 'other' })
  expect((await world.ask('stranger', 'GET', `/releases/${id}/watch`)).json()).toMatchObject({ status: 404, code: 'RELEASE_NOT_FOUND' })
})

test('closing the API ends its streams', async () => {
  const id = randomUUID()
  const other = await ApiWorld.open()
  await other.app.listen({ host: '127.0.0.1', port: 0 })
  await other.database.release.create({ data: { id, tenant: 'default', project: 'a', environment: 'b', version: '1', planName: 'p', bundle: 'x', requestedBy: 'x', status: 'running', concurrencyKey: 'k', requestDigest: '', input: {} } })
  const answer = await fetch(`http://127.0.0.1:${(other.app.server.address() as AddressInfo).port}/releases/${id}/watch`, { headers: { authorization: `Bearer ${other.token('viewer')}` } })
  const text = answer.text()
  await other.close()
  expect(await text).toBe('retry: 1000\n\n')
})

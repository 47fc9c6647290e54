import { expect, test } from 'vitest'
import { serverSentEvents, type ServerSentEvent } from '../../cli/server-sent-events.js'

async function read(chunks: (string | Uint8Array)[]): Promise<ServerSentEvent[]> {
  const body = async function* (): AsyncGenerator<Uint8Array> { for (const chunk of chunks) yield typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk }
  const events: ServerSentEvent[] = []
  for await (const event of serverSentEvents(body())) events.push(event)
  return events
}

test('events are read whole, however the bytes are cut', async () => {
  const stream = 'retry: 10\n: ping\n\nevent: release\r\nid: 7\r\ndata: {"a":\r\ndata: "ü"}\r\n\r\ndata:x\n\ndata: cut off'
  const bytes = new TextEncoder().encode(stream)
  const expected = [{ event: 'release', id: '7', data: '{"a":\n"ü"}' }, { event: 'message', id: null, data: 'x' }]
  expect(await read([stream])).toEqual(expected)
  for (const size of [1, 2, 3, 7]) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.slice(n * size, (n + 1) * size))
    expect(await read(pieces)).toEqual(expected)
  }
})

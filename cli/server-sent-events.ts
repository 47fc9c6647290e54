/** One message of an event stream (WHATWG HTML, 9.2 Server-sent events). `id` null: it named none. */
export interface ServerSentEvent { event: string; id: string | null; data: string }

/** Read messages as they arrive; a message cut off by the end of the stream is dropped, as the standard says. */
export async function* serverSentEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  let fields: { event: string; id: string | null; data: string[] } = { event: 'message', id: null, data: [] }
  for await (const bytes of body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop() ?? ''
    for (const text of lines) {
      if (text !== '') { readField(text, fields); continue }
      if (fields.data.length > 0) yield { event: fields.event, id: fields.id, data: fields.data.join('\n') }
      fields = { event: 'message', id: null, data: [] }
    }
  }
}

function readField(text: string, fields: { event: string; id: string | null; data: string[] }): void {
  const colon = text.indexOf(':')
  const name = colon < 0 ? text : text.slice(0, colon)
  const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '')
  if (name === 'data') fields.data.push(value)
  else if (name === 'event') fields.event = value
  else if (name === 'id') fields.id = value
}

// A double: Atlassian's Confluence cannot be had here. It keeps the content resource's rules as Atlassian documents them: shapes, versions,
// ancestors and trash in developer.atlassian.com/server/confluence/rest (content) and developer.atlassian.com/cloud/confluence/rest/v1,
// 429 and Retry-After in developer.atlassian.com/cloud/confluence/rate-limiting. Error bodies are { statusCode, data, message }.
import { startHttpTarget, type Answer, type Received } from './http-target.js'

export interface DoubledPage { id: string; space: string; title: string; status: 'current' | 'trashed'; parentId: string | null; versions: { number: number; body: string; message: string; by: string }[] }
interface Written { type?: string; title?: string; space?: { key?: string }; ancestors?: { id: string }[]; version?: { number?: number; message?: string }; body?: { storage?: { value?: string; representation?: string } } }

export const TOKEN = 'confl-t0ken'
/** Logs in, and may only read. */
export const READER = 'confl-r3ader'
const SPACES = ['PROJ', 'OTHER']

/** `troubles`: what the next requests are answered with instead, one after the other; a function may also act first. `late.next`: the next write is carried out, and answered after that. */
export async function startConfluenceDouble() {
  const pages: DoubledPage[] = []
  const troubles: (Answer | ((request: Received) => Answer | undefined))[] = []
  const late: { next?: Promise<unknown> | undefined } = {}
  const server = await startHttpTarget((request) => {
    const next = troubles.shift()
    const trouble = typeof next === 'function' ? next(request) : next
    if (trouble !== undefined || request.method === 'GET') return trouble ?? answer(pages, request)
    const after = late.next
    late.next = undefined
    return { ...answer(pages, request), ...after && { after } }
  })
  const add = (space: string, title: string, body: string, by = 'ann'): DoubledPage => {
    const page: DoubledPage = { id: String(65_536 + pages.length), space, title, status: 'current', parentId: null, versions: [{ number: 1, body, message: '', by }] }
    pages.push(page)
    return page
  }
  return {
    url: `${server.url}/wiki`, pages, troubles, late, received: server.received, stop: server.stop, add,
    /** Somebody writes by hand. */
    edit: (page: DoubledPage, body: string, by = 'bob') => { page.versions.push({ number: page.versions.length + 1, body, message: '', by }) },
    page: (title: string) => pages.find((page) => page.title === title && page.status === 'current'),
  }
}

function answer(pages: DoubledPage[], { method, path, headers, body }: Received): Answer {
  const url = new URL(path, 'http://double')
  const id = /^\/wiki\/rest\/api\/content(?:\/(\d+))?$/.exec(url.pathname)
  if (!id) return { status: 404, body: '<html>Page not found</html>', headers: { 'content-type': 'text/html' } }
  const token = tokenOf(headers.authorization)
  if (token === null) return problem(401, 'Basic authentication is not accepted. / token is not valid') // Cloud and Data Center word it differently
  if (method === 'GET') return find(pages, url.searchParams)
  if (token === READER) return problem(403, 'User not permitted to perform this action')
  const page = pages.find((one) => one.id === id[1])
  if (method === 'POST') return create(pages, JSON.parse(body) as Written)
  if (!page || page.status === 'trashed') return problem(404, `No content found with id: ContentId{id=${id[1]}}`)
  if (method === 'DELETE') { page.status = 'trashed'; return { status: 204 } }
  return update(pages, page, JSON.parse(body) as Written)
}

function tokenOf(header: string | undefined): string | null {
  const given = header?.startsWith('Bearer ') === true ? header.slice(7) : header?.startsWith('Basic ') === true ? /^ann@example\.com:(.*)$/.exec(Buffer.from(header.slice(6), 'base64').toString())?.[1] : undefined
  return given === TOKEN || given === READER ? given : null
}

function find(pages: DoubledPage[], query: URLSearchParams): Answer {
  const space = query.get('spaceKey') ?? ''
  if (!SPACES.includes(space)) return problem(404, `No space with key : ${space}`)
  const results = pages.filter((page) => page.space === space && page.title === query.get('title') && page.status === 'current').map((page) => shown(page, (query.get('expand') ?? '').split(',')))
  return json(200, { results, start: 0, limit: 25, size: results.length, _links: {} })
}

function create(pages: DoubledPage[], { type, title = '', space, ancestors, version, body }: Written): Answer {
  const key = space?.key ?? ''
  if (!SPACES.includes(key)) return problem(404, `No space with key : ${key}`)
  if (type !== 'page' || title === '' || body?.storage?.representation !== 'storage') return problem(400, 'Could not read request body')
  if (pages.some((page) => page.space === key && page.title === title && page.status === 'current')) return problem(400, `A page with this title already exists: A page already exists with the same TITLE in this space`)
  const stored = storedBody(body.storage.value ?? '')
  if (stored === null) return problem(400, 'Error parsing xhtml: Unexpected close tag')
  const page: DoubledPage = { id: String(65_536 + pages.length), space: key, title, status: 'current', parentId: ancestors?.at(-1)?.id ?? null, versions: [{ number: 1, body: stored, message: version?.message ?? '', by: 'releasectl' }] }
  pages.push(page)
  return json(200, shown(page))
}

function update(pages: DoubledPage[], page: DoubledPage, { title = '', ancestors, version, body }: Written): Answer {
  const current = page.versions.length
  if (version?.number !== current + 1) return problem(409, `Version must be incremented on update. Current version is: ${current}`)
  if (pages.some((other) => other !== page && other.space === page.space && other.title === title && other.status === 'current')) return problem(400, 'A page with this title already exists')
  const stored = storedBody(body?.storage?.value ?? '')
  if (stored === null) return problem(400, 'Error parsing xhtml: Unexpected close tag')
  Object.assign(page, { title, parentId: ancestors?.at(-1)?.id ?? page.parentId })
  page.versions.push({ number: current + 1, body: stored, message: version.message ?? '', by: 'releasectl' })
  return json(200, shown(page))
}

/** Confluence keeps well-formed XHTML only, and writes it its own way: macros get ids, apostrophes their own sign. Null: not well-formed. */
function storedBody(value: string): string | null {
  const open: string[] = []
  for (const [tag, name = ''] of value.replace(/<!\[CDATA\[[\s\S]*?\]\]>/g, '').matchAll(/<\/?([\w:-]+)[^>]*>/g)) {
    if (tag.startsWith('</')) { if (open.pop() !== name) return null } else if (!tag.endsWith('/>')) open.push(name)
  }
  if (open.length > 0 || /&(?!\w+;|#\d+;)/.test(value.replace(/<!\[CDATA\[[\s\S]*?\]\]>/g, ''))) return null
  let nth = 0
  return value.replace(/<ac:structured-macro /g, () => `<ac:structured-macro ac:schema-version="1" ac:macro-id="m-${nth += 1}" `).replaceAll('&#39;', '\'')
}

function shown(page: DoubledPage, expand = ['body.storage', 'version', 'ancestors']): object {
  const last = page.versions.at(-1)
  return {
    id: page.id, type: 'page', status: page.status, title: page.title,
    ...expand.includes('version') && { version: { number: last?.number, message: last?.message, by: { type: 'known', displayName: last?.by } } },
    ...expand.includes('ancestors') && { ancestors: page.parentId === null ? [] : [{ id: page.parentId, type: 'page' }] },
    ...expand.includes('body.storage') && { body: { storage: { value: last?.body, representation: 'storage' } } },
    _links: { webui: `/spaces/${page.space}/pages/${page.id}` },
  }
}

const json = (status: number, body: object): Answer => ({ status, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } })
export const problem = (statusCode: number, message: string, headers: Record<string, string> = {}): Answer =>
  ({ status: statusCode, body: JSON.stringify({ statusCode, data: { authorized: statusCode !== 401 && statusCode !== 403, valid: true, errors: [], successful: false }, message }), headers: { 'content-type': 'application/json', ...headers } })

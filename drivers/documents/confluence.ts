import { setTimeout as delay } from 'node:timers/promises'
import { failure } from '../../domain/failures.js'
import type { DocumentPort, DocumentSite, NewPage, Page, PageUpdate } from './port.js'

const TIMEOUT_MS = 30_000
const WAIT_MS = { first: 1000, most: 60_000 }
const EXPAND = 'body.storage,version,ancestors'

interface Content {
  id: string; title: string; version?: { number: number; message?: string; by?: { displayName?: string; username?: string } }
  body?: { storage?: { value?: string } }; ancestors?: { id: string }[]; _links?: { base?: string; webui?: string }
}
interface Answer { status: number; content: unknown; words: string }

/**
 * Confluence by its content resource: Data Center (developer.atlassian.com/server/confluence/rest, `content`) and Cloud, whose base URL
 * ends in `/wiki` (developer.atlassian.com/cloud/confluence/rest/v1, `Content`). 429, and 5xx with a Retry-After, are waited for as
 * the site asks (developer.atlassian.com/cloud/confluence/rate-limiting); any other 5xx is TARGET_UNREACHABLE.
 */
export class ConfluenceDocuments implements DocumentPort {
  async find(site: DocumentSite, { space, title }: { space: string; title: string }): Promise<Page | null> {
    const query = new URLSearchParams({ type: 'page', status: 'current', spaceKey: space, title, expand: EXPAND, limit: '1' })
    const { content } = await ask(site, 'GET', `?${query.toString()}`, undefined, [200])
    const [found] = (content as { results?: Content[] }).results ?? []
    return found ? pageOf(site, found) : null
  }

  async create(site: DocumentSite, { space, title, parentId, body, message }: NewPage): Promise<Page | null> {
    const answer = await ask(site, 'POST', `?expand=${EXPAND}`, {
      type: 'page', title, space: { key: space }, ...(parentId !== null && { ancestors: [{ id: parentId }] }), version: { number: 1, message }, body: storage(body),
    }, [200, 400, 409])
    if (answer.status === 200) return pageOf(site, answer.content as Content)
    if (/already exists/i.test(answer.words)) return null
    throw refused(site, `POST page ${JSON.stringify(title)}`, answer)
  }

  async update(site: DocumentSite, { id, title, version, parentId, body, message }: PageUpdate): Promise<Page | null> {
    const answer = await ask(site, 'PUT', `/${encodeURIComponent(id)}?expand=${EXPAND}`, {
      id, type: 'page', title, ...(parentId !== null && { ancestors: [{ id: parentId }] }), version: { number: version + 1, message }, body: storage(body),
    }, [200, 404, 409])
    return answer.status === 200 ? pageOf(site, answer.content as Content) : null
  }

  async remove(site: DocumentSite, id: string): Promise<void> { await ask(site, 'DELETE', `/${encodeURIComponent(id)}`, undefined, [200, 204, 404]) }
}

const storage = (value: string): object => ({ storage: { value, representation: 'storage' } })

function pageOf(site: DocumentSite, { id, title, version, body, ancestors, _links }: Content): Page {
  return {
    id, title, version: version?.number ?? 0, message: version?.message ?? '', by: version?.by?.displayName ?? version?.by?.username ?? 'somebody', body: body?.storage?.value ?? '',
    parentId: ancestors?.at(-1)?.id ?? null, url: `${_links?.base ?? root(site)}${_links?.webui ?? `/pages/viewpage.action?pageId=${id}`}`,
  }
}

/** Until it answers or no more is to be waited. @throws TARGET_REFUSED for an answer that is not expected, TARGET_UNREACHABLE */
async function ask(site: DocumentSite, method: string, path: string, body: object | undefined, expected: number[]): Promise<Answer> {
  for (let waitMs = WAIT_MS.first; ; waitMs = Math.min(waitMs * 2, WAIT_MS.most)) {
    const { answer, retryAfterMs } = await send(site, method, path, body)
    if (expected.includes(answer.status) && (answer.status !== 200 || answer.content !== null)) return answer
    const what = `${method} page${path.startsWith('/') ? ` ${path.slice(1).split('?')[0]}` : ''}`
    const asksToWait = answer.status === 429 || (answer.status >= 500 && retryAfterMs !== null)
    if (!asksToWait) throw refused(site, what, answer)
    const pause = retryAfterMs ?? waitMs
    if (Date.now() + pause > site.until) throw failure('TARGET_UNREACHABLE', `${words(site, what, answer)}; asks to wait ${Math.ceil(pause / 1000)} s, longer than the job may take`)
    await delay(pause, undefined, { signal: site.signal })
  }
}

async function send(site: DocumentSite, method: string, path: string, body: object | undefined): Promise<{ answer: Answer; retryAfterMs: number | null }> {
  const { user, token, signal } = site
  const timeout = AbortSignal.timeout(Math.min(TIMEOUT_MS, Math.max(1000, site.until - Date.now())))
  try {
    const answer = await fetch(`${root(site)}/rest/api/content${path}`, {
      method, redirect: 'manual', signal: AbortSignal.any([signal, timeout]), ...(body && { body: JSON.stringify(body) }),
      headers: {
        accept: 'application/json', ...(body && { 'content-type': 'application/json' }),
        authorization: user === null ? `Bearer ${token}` : `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`,
        'x-atlassian-token': 'no-check', // a form's protection, which some set-ups ask of every write
      },
    })
    const text = await answer.text()
    const content = jsonOf(text)
    const { message } = { message: null, ...content }
    const said = typeof message === 'string' ? message : text
    return { answer: { status: answer.status, content, words: said.trim().slice(0, 300) }, retryAfterMs: retryAfter(answer.headers.get('retry-after')) }
  } catch (error) {
    signal.throwIfAborted()
    throw failure('TARGET_UNREACHABLE', `confluence at ${new URL(site.url).host} did not answer ${method}: ${timeout.aborted ? 'no answer in time' : causeOf(error)}`)
  }
}

const HINTS: Record<number, string> = {
  200: 'that is no JSON: is the url Confluence\'s own, with /wiki on Cloud?', 302: 'it sends to a login page: is the token good?',
  401: 'the token is not good', 403: 'this login may not do that', 404: 'there is no such space or page, or this login may not see it',
}
const words = (site: DocumentSite, what: string, { status, words: said }: Answer): string =>
  `confluence at ${new URL(site.url).host} answered ${status} to ${what}${HINTS[status] === undefined ? '' : ` (${HINTS[status]})`}${status === 200 || said === '' ? '' : `: ${said}`}`
const refused = (site: DocumentSite, what: string, answer: Answer): Error => failure(answer.status >= 500 ? 'TARGET_UNREACHABLE' : 'TARGET_REFUSED', words(site, what, answer))

const root = ({ url }: DocumentSite): string => url.replace(/\/+$/, '')
function jsonOf(text: string): object | null {
  if (text === '') return {}
  try { return JSON.parse(text) as object | null } catch { return null }
}
/** Seconds, or a date (RFC 9110 §10.2.3). */
function retryAfter(header: string | null): number | null {
  if (header === null) return null
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isNaN(ms) ? null : Math.max(0, ms)
}
/** `fetch failed` says nothing; what is beneath it does. */
const causeOf = (error: unknown): string =>
  error instanceof Error ? error.cause instanceof Error ? (error.cause as NodeJS.ErrnoException).code ?? error.cause.message : error.message : String(error)

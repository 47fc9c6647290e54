import { afterEach, expect, test } from 'vitest'
import { ConfluenceDocuments } from '../../drivers/documents/confluence.js'
import type { DocumentSite } from '../../drivers/documents/port.js'
import { freePort } from '../testbed/component.js'
import { problem, READER, startConfluenceDouble, TOKEN } from '../testbed/confluence-double.js'
import { documentsContract, PAGE } from './documents.js'

const port = new ConfluenceDocuments()
const stops: (() => Promise<void>)[] = []
afterEach(async () => { await Promise.all(stops.splice(0).map((stop) => stop())) })
async function confluence(changes: Partial<DocumentSite> = {}) {
  const double = await startConfluenceDouble()
  stops.push(double.stop)
  const site: DocumentSite = { url: double.url, user: null, token: TOKEN, until: Date.now() + 20_000, signal: new AbortController().signal, ...changes }
  return { double, site, port, refusing: { ...site, token: 'wr0ng-t0ken' } }
}

documentsContract('confluence', confluence)

test('Data Center is logged in to with the token alone, Cloud with the user\'s', async () => {
  const { double, site } = await confluence()
  await port.find(site, PAGE)
  await port.find({ ...site, user: 'ann@example.com', url: `${site.url}/` }, PAGE)
  expect(double.received.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${TOKEN}`, `Basic ${Buffer.from(`ann@example.com:${TOKEN}`).toString('base64')}`])
})

test('a read and a write have the shape Atlassian documents', async () => {
  const { double, site } = await confluence()
  const parent = double.add('PROJ', 'Releases', '<p/>')
  await port.create(site, { ...PAGE, parentId: parent.id })
  await port.find(site, { space: 'PROJ', title: 'A & B' })
  expect(double.received.map(({ method, path, body }) => ({ method, path, body: body && JSON.parse(body) as object }))).toEqual([
    { method: 'POST', path: '/wiki/rest/api/content?expand=body.storage,version,ancestors', body: { type: 'page', title: 'Release 1.2.3', space: { key: 'PROJ' }, ancestors: [{ id: parent.id }], version: { number: 1, message: 'releasectl r1' }, body: { storage: { value: PAGE.body, representation: 'storage' } } } },
    { method: 'GET', path: '/wiki/rest/api/content?type=page&status=current&spaceKey=PROJ&title=A+%26+B&expand=body.storage%2Cversion%2Cancestors&limit=1', body: '' },
  ])
})

test('a site that asks to wait is asked again when it said', async () => {
  const { double, site } = await confluence()
  let opensAt = 0
  const tooEarly = () => Date.now() < opensAt ? problem(403, 'asked too early') : undefined
  double.troubles.push(() => { opensAt = Date.now() + 1000; return problem(429, 'Rate limit exceeded', { 'retry-after': '1' }) })
  double.troubles.push(() => tooEarly() ?? problem(503, 'Restarting', { 'retry-after': new Date(Date.now() - 1000).toUTCString() }), tooEarly)
  expect(await port.create(site, PAGE)).toMatchObject({ version: 1 })
  expect(double.received).toHaveLength(3)
})

test('a site that asks to wait longer than the job may take is unreachable for now', async () => {
  const { double, site } = await confluence()
  double.troubles.push(problem(429, 'Rate limit exceeded', { 'retry-after': '120' }))
  await expect(port.find(site, PAGE)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', nonRetryable: false, message: expect.stringMatching(/^confluence at 127\.0\.0\.1:\d+ answered 429 to GET page.*: Rate limit exceeded; asks to wait 120 s/) as string })
})

test.each([
  [problem(500, 'Oops'), 'TARGET_UNREACHABLE', /answered 500 .*Oops/], [problem(403, 'not permitted'), 'TARGET_REFUSED', /403 .*may not do that.*not permitted/],
  [{ status: 302, headers: { location: '/login' } }, 'TARGET_REFUSED', /sends to a login page/], [{ status: 200, body: '<html>log in</html>' }, 'TARGET_REFUSED', /no JSON/],
  [problem(400, 'Error parsing xhtml'), 'TARGET_REFUSED', /Error parsing xhtml/], [{ status: 413, body: 'too large' }, 'TARGET_REFUSED', /413/],
])('%j is a failure that says so', async (trouble, type, message) => {
  const { double, site } = await confluence()
  double.troubles.push(trouble)
  await expect(port.create(site, PAGE)).rejects.toMatchObject({ type, message: expect.stringMatching(message) as string })
})

test('a body that is no XHTML is refused in Confluence\'s words; a login that may only read may not write', async () => {
  const { site } = await confluence()
  await expect(port.create(site, { ...PAGE, body: '<p>open' })).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('Error parsing xhtml') as string })
  await expect(port.create({ ...site, token: READER }, PAGE)).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('403') as string })
})

test('where nobody listens it is unreachable, and no message has the token', async () => {
  const { site, refusing } = await confluence({ url: `http://127.0.0.1:${await freePort()}` })
  await expect(port.find(site, PAGE)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE', message: expect.not.stringContaining(TOKEN) as string })
  const { site: good } = await confluence()
  await expect(port.find({ ...good, token: refusing.token }, PAGE)).rejects.toMatchObject({ message: expect.not.stringContaining('wr0ng') as string })
})

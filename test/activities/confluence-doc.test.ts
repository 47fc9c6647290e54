import { afterEach, expect, test } from 'vitest'
import { fillPage, sameBody } from '../../activities/documents/storage-format.js'
import type { JsonObject } from '../../domain/json.js'
import { issuesOf, jobWith, planOf } from '../plan/compiling.js'
import { startConfluenceDouble, TOKEN } from '../testbed/confluence-double.js'
import { callOf, kindWorld, SECRETS } from './kind-world.js'

SECRETS['env:CONFLUENCE'] = TOKEN
const stops: (() => Promise<void>)[] = []
afterEach(async () => { await Promise.all(stops.splice(0).map((stop) => stop())) })
async function world(files: Record<string, string> = {}) {
  const confluence = await startConfluenceDouble()
  stops.push(confluence.stop)
  const kinds = await kindWorld({}, { files })
  const release = (config: JsonObject, variables: JsonObject = {}) =>
    callOf('confluence-doc', { url: confluence.url, token: { $late: [{ secret: 'env:CONFLUENCE' }] }, spaceKey: 'PROJ', title: 'Release 1.2.3', ...config }, { variables })
  return { confluence, kinds, release }
}
const bodyOf = (page: { versions: { body: string }[] } | undefined): string | undefined => page?.versions.at(-1)?.body

test('the page is made under its parent from a template of the bundle, and the same release again makes no new version', async () => {
  const { confluence, kinds, release } = await world({ 'docs/notes.xhtml': '<h1>${RELEASE_VERSION}</h1><ac:structured-macro ac:name="info"><p>${variables.who} isn\'t away</p></ac:structured-macro>' })
  const parent = confluence.add('PROJ', 'Releases', '<p/>')
  const call = release({ parentPage: 'Releases', template: './docs/notes.xhtml' }, { who: '<Ann> & "Bob"' })
  expect(await kinds.execute(call)).toMatchObject({ outputs: { pageId: '65537', version: 1, action: 'created' }, message: expect.stringMatching(/^created "Release 1\.2\.3", version 1: http/) as string })
  expect(confluence.page('Release 1.2.3')).toMatchObject({ parentId: parent.id })
  expect(bodyOf(confluence.page('Release 1.2.3'))).toContain('<p>&lt;Ann&gt; &amp; &quot;Bob&quot; isn\'t away</p>')
  expect((await kinds.execute(call)).outputs).toMatchObject({ version: 1, action: 'unchanged' })
  expect((await kinds.execute({ ...call, variables: { who: 'Cat' } })).outputs).toMatchObject({ version: 2, action: 'updated' })
})

test('an answer that was lost is no second page', async () => {
  const { confluence, kinds, release } = await world()
  const call = release({ body: '<p>it\'s out</p>' })
  confluence.troubles.push(() => undefined, () => { confluence.add('PROJ', 'Release 1.2.3', '<p>it\'s out</p>'); return { status: 502, body: 'bad gateway' } })
  await expect(kinds.execute(call)).rejects.toMatchObject({ type: 'TARGET_UNREACHABLE' })
  expect((await kinds.execute(call)).outputs).toMatchObject({ version: 1, action: 'unchanged' })
  expect(confluence.pages).toHaveLength(1)
})

test('somebody who writes at the same moment is not written over unread', async () => {
  const { confluence, kinds, release } = await world()
  const page = confluence.add('PROJ', 'Release 1.2.3', '<p>old</p>')
  confluence.troubles.push(() => undefined, () => { confluence.edit(page, '<p>bob\'s</p>'); return undefined })
  expect((await kinds.execute(release({ body: '<p>new</p>' }))).outputs).toMatchObject({ version: 3, action: 'updated' })
  expect(page.versions.map(({ body }) => body)).toEqual(['<p>old</p>', '<p>bob\'s</p>', '<p>new</p>'])
})

test('taken back: what was made goes to the trash, what was changed is as before, each once', async () => {
  const { confluence, kinds, release } = await world()
  const made = release({ body: '<p>made</p>' })
  const nothing = await kinds.snapshot(made)
  await kinds.execute(made)
  await kinds.rollback({ call: made, snapshot: nothing })
  await kinds.rollback({ call: made, snapshot: nothing })
  expect(confluence.pages).toMatchObject([{ status: 'trashed' }])

  const page = confluence.add('PROJ', 'Status', '<p>before</p>')
  const change = release({ title: 'Status', body: '<p>after</p>' })
  const before = await kinds.snapshot(change)
  await kinds.rollback({ call: change, snapshot: before })
  expect(page.versions).toHaveLength(1)
  await kinds.execute(change)
  await kinds.rollback({ call: change, snapshot: before })
  await kinds.rollback({ call: change, snapshot: before })
  expect(page.versions.map(({ body }) => body)).toEqual(['<p>before</p>', '<p>after</p>', '<p>before</p>'])
})

test('what people wrote since is not taken back', async () => {
  const { confluence, kinds, release } = await world()
  const call = release({ body: '<p>made</p>' })
  const nothing = await kinds.snapshot(call)
  await kinds.execute(call)
  const page = confluence.page('Release 1.2.3')
  if (page) confluence.edit(page, '<p>bob\'s notes</p>')
  await expect(kinds.rollback({ call, snapshot: nothing })).rejects.toMatchObject({ type: 'TARGET_REFUSED', message: expect.stringContaining('was changed since, by bob in version 2') as string })
  expect(bodyOf(confluence.page('Release 1.2.3'))).toBe('<p>bob\'s notes</p>')
})

test('a dry run says what would be written, and writes nothing', async () => {
  const { confluence, kinds, release } = await world()
  const call = release({ body: '<p>x</p>' })
  expect(await kinds.preview(call)).toMatchObject([{ what: 'Confluence page PROJ/Release 1.2.3', action: 'create', before: null, after: 'version 1, 8 characters' }])
  expect(confluence.pages).toEqual([])
  await kinds.execute(call)
  expect(await kinds.preview(call)).toMatchObject([{ action: 'none' }])
  expect(await kinds.preview({ ...call, config: { ...call.config, body: '<p>y</p>' } })).toMatchObject([{ action: 'update', before: 'version 1 by releasectl' }])
})

test('a template, a parent page or a Confluence that is not there is a config that is not right', async () => {
  const { kinds, release } = await world()
  await expect(kinds.execute(release({ template: 'notes' }))).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: expect.stringContaining('no template notes') as string })
  await expect(kinds.execute(release({ body: '<p/>', parentPage: 'Releases' }))).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: expect.stringContaining('PROJ has no page "Releases"') as string })
  await expect(kinds.execute(callOf('confluence-doc', { spaceKey: 'PROJ', title: 'x', template: 'release-template' }))).rejects.toMatchObject({ type: 'CONFIG_INVALID', message: expect.stringContaining('CONFLUENCE_URL') as string })
})

test('the token is in no message, output or log', async () => {
  const { confluence, kinds, release } = await world()
  confluence.troubles.push({ status: 400, body: `{"message":"you sent ${TOKEN}"}` })
  await expect(kinds.execute(release({ body: '<p/>' }))).rejects.toMatchObject({ message: expect.stringContaining('you sent ***') as string })
})

test('specification 0: its job compiles as it is written; a token that is written out does not', () => {
  const [job] = planOf(jobWith('type: "confluence-doc"\nconfig: { template: "release-notes-template", spaceKey: "PROJ", parentPage: "Releases", title: "Release ${metadata.version}" }')).stages.flatMap(({ jobs }) => jobs)
  expect(job).toMatchObject({ kind: 'confluence-doc', hasSnapshot: true, hasUndo: true, config: { title: 'Release 2.4.0', template: 'release-notes-template' } })
  const withToken = (token: string): string => jobWith(`type: confluence-doc\nconfig: { url: "https://x.example/wiki", token: ${token}, space: P, title: t, body: "<p/>" }`)
  expect(issuesOf(withToken('"abc123"'))).toMatchObject([{ code: 'LITERAL_SECRET', message: 'token is written out in the plan' }])
  const secret = withToken('"${variables.confluence}"').replace('stages:', 'variables: { confluence: { type: secret, from: "env:CONFLUENCE" } }\nstages:')
  expect(issuesOf(secret)).toEqual([])
})

test('no value becomes markup, wherever it stands', () => {
  const known = new Map([['X', '<b a="1">&\'\u0001]]>'], ['Y', '${X}']])
  expect(fillPage('<p title="${X}">${Y}${Z}</p><![CDATA[${variables.X}]]>', known))
    .toBe('<p title="&lt;b a=&quot;1&quot;&gt;&amp;&#39;]]&gt;">${X}${Z}</p><![CDATA[<b a="1">&\']]]]><![CDATA[>]]>')
})

test('a body is the same however Confluence writes it', () => {
  expect(sameBody('<ac:structured-macro ac:name="a">\n <p>x</p>\n</ac:structured-macro>', '<ac:structured-macro ac:name="a" ac:schema-version="1" ac:macro-id="7-7"><p>x</p></ac:structured-macro>')).toBe(true)
  expect(sameBody('<p>x</p>', '<p>y</p>')).toBe(false)
})

import { failure } from '../../domain/failures.js'
import type { DocumentPort, DocumentSite, Page } from '../../drivers/documents/port.js'
import type { ConfluenceDocConfig } from '../../plan/kinds/confluence-doc.js'
import type { JobResult } from '../contract.js'
import { fillPage, pageMark, sameBody } from '../documents/storage-format.js'
import { pageTemplate } from '../documents/template.js'
import type { JobContext, KindRunner } from '../kind-runner.js'
import { knownNames } from '../notices/text.js'

export interface DocumentDeps {
  documents: DocumentPort
  /** Where the installation's own Confluence is and how it logs in there; null: it has none. */
  site: () => { url: string; user: string | null; token: string } | null
}
/** As it was. Null: there was none. */
type Before = { id: string; version: number; body: string } | null
const TRIES = 5

export const createConfluenceRunner = ({ documents, site: installed }: DocumentDeps): KindRunner<ConfluenceDocConfig> => {
  const read = async (config: ConfluenceDocConfig, context: JobContext): Promise<{ site: DocumentSite; page: Page | null }> => {
    const site = siteOf(config, context, installed)
    return { site, page: await documents.find(site, { space: config.spaceKey, title: config.title }) }
  }

  return {
    async snapshot(config, context) {
      const { page } = await read(config, context)
      return page && { id: page.id, version: page.version, body: page.body }
    },

    /** Somebody may write at the same moment: then it is read again. @throws TARGET_REFUSED, TARGET_UNREACHABLE, CONFIG_INVALID */
    async execute(config, context) {
      const body = await bodyOf(config, context)
      const parentId = await parentOf(config, context)
      const message = `releasectl ${context.call.release.releaseId} ${pageMark(body)}`
      for (let nth = 1; nth <= TRIES; nth += 1) {
        const { site, page } = await read(config, context)
        if (page && isAsWanted(page, body, parentId)) return resultOf(page, 'unchanged')
        const { spaceKey: space, title } = config
        const written = page ? await documents.update(site, { id: page.id, title, version: page.version, parentId, body, message }) : await documents.create(site, { space, title, parentId, body, message })
        if (written) return resultOf(written, page ? 'updated' : 'created')
      }
      throw failure('TARGET_REFUSED', `page ${JSON.stringify(config.title)} was changed by others ${TRIES} times while it was written`)
    },

    /** Only what this release wrote is taken back: what people wrote on top of it stays. */
    async rollback(config, snapshot, context) {
      const before = snapshot as Before
      const { site, page } = await read(config, context)
      if (page === null && before === null) return
      if (page && before && (page.version === before.version || sameBody(page.body, before.body))) return
      const what = `page ${JSON.stringify(config.title)}`
      if (page === null) throw failure('TARGET_REFUSED', `${what} is gone; it was ${before?.id ?? ''} in version ${before?.version ?? ''}: look in the space's trash`)
      const releaseId = context.call.release.releaseId
      if (!page.message.startsWith(`releasectl ${releaseId} `) && !sameBody(page.body, await bodyOf(config, context))) {
        throw failure('TARGET_REFUSED', `${what} was changed since, by ${page.by} in version ${page.version}; ${before ? `it was as before in version ${before.version}` : 'the release made it'}: take back by hand what should go`)
      }
      if (before === null) return documents.remove(site, page.id)
      const restored = await documents.update(site, { id: page.id, title: config.title, version: page.version, parentId: null, body: before.body, message: `releasectl ${releaseId} restores version ${before.version}` })
      if (!restored) throw failure('TARGET_UNREACHABLE', `${what} was changed at the same moment`)
    },

    async preview(config, context) {
      const body = await bodyOf(config, context)
      const { page } = await read(config, context)
      const same = page !== null && isAsWanted(page, body, await parentOf(config, context))
      return [{
        what: `Confluence page ${config.spaceKey}/${config.title}`, action: page === null ? 'create' : same ? 'none' : 'update',
        before: page && `version ${page.version} by ${page.by}`, after: same ? `version ${page.version}` : `version ${(page?.version ?? 0) + 1}, ${body.length} characters`,
      }]
    },
  }

  /** @throws CONFIG_INVALID when the space has no such page */
  async function parentOf(config: ConfluenceDocConfig, context: JobContext): Promise<string | null> {
    if (config.parentPage === undefined) return null
    const { page } = await read({ ...config, title: config.parentPage }, context)
    if (!page) throw failure('CONFIG_INVALID', `space ${config.spaceKey} has no page ${JSON.stringify(config.parentPage)} to put it under, or this login may not see it`)
    return page.id
  }
}

/** @throws CONFIG_INVALID when neither the plan nor the installation has one */
function siteOf({ url, user, token }: ConfluenceDocConfig, { timeoutMs, signal }: JobContext, installed: DocumentDeps['site']): DocumentSite {
  const found = url !== undefined && token !== undefined ? { url, user: user ?? null, token } : installed()
  if (!found) throw failure('CONFIG_INVALID', 'which Confluence? Neither the plan (url, token) nor the installation (CONFLUENCE_URL, CONFLUENCE_TOKEN_FILE) names one')
  return { ...found, until: Date.now() + timeoutMs, signal }
}

async function bodyOf({ body, template }: ConfluenceDocConfig, context: JobContext): Promise<string> {
  const { call } = context
  return fillPage(body ?? await pageTemplate(template ?? '', (path) => context.bundleFile(path)), knownNames({ STAGE_NAME: call.stage, JOB_NAME: call.job, ...context.system }, call.variables))
}

/** Its mark says so even where Confluence writes the body its own way. */
const isAsWanted = (page: Page, body: string, parentId: string | null): boolean =>
  (page.message.endsWith(pageMark(body)) || sameBody(page.body, body)) && (parentId === null || page.parentId === parentId)

function resultOf({ id, version, url, title }: Page, action: 'created' | 'updated' | 'unchanged'): JobResult {
  const outputs = { pageId: id, version, url, action }
  return { outputs, message: action === 'unchanged' ? `${JSON.stringify(title)} says that already: ${url}` : `${action} ${JSON.stringify(title)}, version ${version}: ${url}`, artifacts: [] }
}

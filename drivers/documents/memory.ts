import { failure } from '../../domain/failures.js'
import type { DocumentPort, DocumentSite, NewPage, Page, PageUpdate } from './port.js'

/** Pages in memory. Logins: any token but `wrong`. */
export class MemoryDocuments implements DocumentPort {
  readonly pages = new Map<string, Page & { space: string }>()
  readonly trash: string[] = []
  readonly #spaces: string[]
  constructor(spaces: string[]) { this.#spaces = spaces }

  async find(site: DocumentSite, { space, title }: { space: string; title: string }): Promise<Page | null> {
    this.#mayEnter(site, space)
    return [...this.pages.values()].find((page) => page.space === space && page.title === title) ?? null
  }

  async create(site: DocumentSite, { space, title, parentId, body, message }: NewPage): Promise<Page | null> {
    if (await this.find(site, { space, title })) return null
    const id = String(100 + this.pages.size + this.trash.length)
    const page = { id, space, title, parentId, body, message, version: 1, by: 'memory', url: `${site.url}/pages/${id}` }
    this.pages.set(id, page)
    return page
  }

  async update(site: DocumentSite, { id, version, parentId, ...changes }: PageUpdate): Promise<Page | null> {
    this.#mayEnter(site)
    const page = this.pages.get(id)
    if (page?.version !== version) return null
    const next = { ...page, ...changes, version: version + 1, parentId: parentId ?? page.parentId }
    this.pages.set(id, next)
    return next
  }

  async remove(site: DocumentSite, id: string): Promise<void> {
    this.#mayEnter(site)
    if (this.pages.delete(id)) this.trash.push(id)
  }

  #mayEnter({ token }: DocumentSite, space?: string): void {
    if (token === 'wrong') throw failure('TARGET_REFUSED', 'memory answered 401')
    if (space !== undefined && !this.#spaces.includes(space)) throw failure('TARGET_REFUSED', `memory answered 404: No space with key : ${space}`)
  }
}

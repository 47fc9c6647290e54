/** A wiki: pages found by their title in a space. Contract: test/contract/documents.ts. All of it may be called twice. */
export interface DocumentPort {
  /** Null: the space has no such page, or this login may not see it. @throws TARGET_REFUSED, TARGET_UNREACHABLE (as all of it) */
  find(site: DocumentSite, at: { space: string; title: string }): Promise<Page | null>
  /** Null: a page of this title is there already. */
  create(site: DocumentSite, page: NewPage): Promise<Page | null>
  /** On top of the version it was read as. Null: somebody else was faster, or it is gone; read it again. */
  update(site: DocumentSite, page: PageUpdate): Promise<Page | null>
  /** Into the trash, where people find it again. Gone already is fine. */
  remove(site: DocumentSite, id: string): Promise<void>
}
/** `user` null: the token alone logs in. `until`: how long a site that asks to wait is waited for. */
export interface DocumentSite { url: string; user: string | null; token: string; until: number; signal: AbortSignal }
/** `body`: Confluence's storage format (XHTML). `message`: what the version's author said of it. */
export interface Page { id: string; title: string; version: number; body: string; message: string; by: string; parentId: string | null; url: string }
export interface NewPage { space: string; title: string; parentId: string | null; body: string; message: string }
/** `version`: the one it replaces. `parentId` null: it stays where it is. */
export interface PageUpdate { id: string; title: string; version: number; parentId: string | null; body: string; message: string }

import { describe, expect, test } from 'vitest'
import type { DocumentPort, DocumentSite } from '../../drivers/documents/port.js'

/** A wiki with an empty space PROJ. `refusing`: the same with a login that is not good. */
export interface Wiki { port: DocumentPort; site: DocumentSite; refusing: DocumentSite }

export const PAGE = { space: 'PROJ', title: 'Release 1.2.3', parentId: null, body: '<p>out &amp; about</p>', message: 'releasectl r1' }

/** What every wiki must do. */
export function documentsContract(name: string, make: () => Promise<Wiki> | Wiki): void {
  describe(`${name} keeps the documents contract`, () => {
    test('a page that was made is found by its title, as it was written', async () => {
      const { port, site } = await make()
      expect(await port.find(site, PAGE)).toBeNull()
      const made = await port.create(site, PAGE)
      expect(made).toMatchObject({ title: PAGE.title, version: 1, body: PAGE.body, parentId: null })
      expect(await port.find(site, PAGE)).toMatchObject({ id: made?.id, version: 1, body: PAGE.body })
      expect(await port.find(site, { space: 'PROJ', title: 'Release' })).toBeNull()
    })
    test('a title is given once', async () => {
      const { port, site } = await make()
      await port.create(site, PAGE)
      expect(await port.create(site, { ...PAGE, body: '<p>another</p>' })).toBeNull()
      expect(await port.find(site, PAGE)).toMatchObject({ version: 1, body: PAGE.body })
    })
    test('a change is a version on top of the one that was read; of two, one is told to read again', async () => {
      const { port, site } = await make()
      const made = await port.create(site, PAGE)
      const change = { id: made?.id ?? '', title: PAGE.title, version: 1, parentId: null, body: '<p>two</p>', message: 'releasectl r2' }
      expect(await port.update(site, change)).toMatchObject({ id: made?.id, version: 2, body: '<p>two</p>', message: 'releasectl r2' })
      expect(await port.update(site, { ...change, body: '<p>late</p>' })).toBeNull()
      expect(await port.find(site, PAGE)).toMatchObject({ version: 2, body: '<p>two</p>' })
    })
    test('a page lies under its parent, and stays there', async () => {
      const { port, site } = await make()
      const parent = await port.create(site, { ...PAGE, title: 'Releases' })
      const made = await port.create(site, { ...PAGE, parentId: parent?.id ?? '' })
      expect(made?.parentId).toBe(parent?.id)
      expect(await port.update(site, { id: made?.id ?? '', title: PAGE.title, version: 1, parentId: null, body: '<p/>', message: '' })).toMatchObject({ parentId: parent?.id })
    })
    test('removing takes it out of the space, and twice is fine', async () => {
      const { port, site } = await make()
      const made = await port.create(site, PAGE)
      await port.remove(site, made?.id ?? '')
      await port.remove(site, made?.id ?? '')
      expect(await port.find(site, PAGE)).toBeNull()
      expect(await port.update(site, { id: made?.id ?? '', title: PAGE.title, version: 1, parentId: null, body: '<p/>', message: '' })).toBeNull()
      expect(await port.create(site, PAGE)).toMatchObject({ version: 1 })
    })
    test('a login that is not good, and a space there is not, are refused', async () => {
      const { port, site, refusing } = await make()
      for (const call of [() => port.find(refusing, PAGE), () => port.create(refusing, PAGE), () => port.remove(refusing, '1'), () => port.find(site, { ...PAGE, space: 'NONE' })]) {
        await expect(call()).rejects.toMatchObject({ type: 'TARGET_REFUSED', nonRetryable: true })
      }
    })
  })
}

import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { page, pages, ROOT, type Page } from './pages.js'

/** What a path begins with to be one of this project's: a folder or file at its top. */
const TOP = readdirSync(ROOT).filter((name) => !['node_modules', '.git', '.releasectl'].includes(name))

test.each(pages())('every link of $path leads somewhere', ({ path, text }) => {
  const broken = linksOf(text).filter((link) => !leadsSomewhere(path, link))
  expect(broken).toEqual([])
})

test.each(pages())('every file and folder that $path names is there', ({ text }) => {
  expect(pathsNamedIn(text).filter((path) => !isThere(path))).toEqual([])
})

test('what is no file of this project is found out', () => {
  expect(pathsNamedIn('`workflows/nowhere.ts`, `drivers/*/port.ts`, `POST /releases`, `npm start`').filter((path) => !isThere(path))).toEqual(['workflows/nowhere.ts'])
  expect(leadsSomewhere('docs/words.md', 'plan.md#no-such-heading')).toBe(false)
})

test('the picture in the README is real output', () => {
  const [, picture] = /```\n([^`]*?)```/.exec(page('README.md').text) ?? []
  expect(picture).toBe(page('docs/live-tree.txt').text)
})

const linksOf = (text: string): string[] =>
  [...withoutBlocks(text).replace(/`[^`\n]*`/g, '').matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].flatMap(([, link]) => link === undefined || /^https?:/.test(link) ? [] : [link])

function leadsSomewhere(from: Page['path'], link: string): boolean {
  const [file = '', heading] = link.split('#')
  const target = file === '' ? from : join(dirname(from), file)
  if (!existsSync(join(ROOT, target))) return false
  return heading === undefined || headingsOf(page(target).text).includes(heading)
}

const headingsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-'))

/** Words in backticks that begin with a top folder and a slash, or are a top file; a star stands for one name. */
const pathsNamedIn = (text: string): string[] => [...withoutBlocks(text).matchAll(/`([^`\n]+)`/g)]
  .flatMap(([, words = '']) => words.split(' '))
  .filter((word) => /^[\w.*/-]+$/.test(word) && (TOP.includes(word.split('/')[0] ?? '') && (word.includes('/') || word.includes('.')) || /^\w+\/[\w/-]+\.(ts|mjs|sh)$/.test(word)))

function isThere(path: string): boolean {
  const parts = path.split('/').filter((part) => part !== '')
  return parts.reduce((found, part) => found.flatMap((folder) => part === '*' ? readdirSync(join(ROOT, folder)).map((name) => join(folder, name)) : [join(folder, part)])
    .filter((candidate) => existsSync(join(ROOT, candidate))), ['']).length > 0
}

const withoutBlocks = (text: string): string => text.replace(/^```[\s\S]*?^```/gm, '')

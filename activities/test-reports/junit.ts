import { XMLParser } from 'fast-xml-parser'
import { noResults, sum, type TestResults } from './results.js'

interface Suite { '@name'?: string; '@failures'?: string; '@errors'?: string; testsuite?: Suite[]; testcase?: Case[] }
interface Case { '@name'?: string; '@classname'?: string; '@time'?: string; failure?: Said[]; error?: Said[]; skipped?: Said[] }
type Said = string | { '@message'?: string; '@type'?: string; '#text'?: string }

const LISTS = new Set(['testsuite', 'testcase', 'failure', 'error', 'skipped'])
const MESSAGE_CHARACTERS = 300

/** No entity is expanded: a report is somebody else's text. The five that XML itself has are read below. */
const PARSER = new XMLParser({
  ignoreAttributes: false, attributeNamePrefix: '@', processEntities: false, parseTagValue: false, parseAttributeValue: false,
  isArray: (name) => LISTS.has(name),
})

/**
 * JUnit XML as Ant, Maven Surefire, pytest, Jest, vitest and go-junit-report write it: `testsuites` or one `testsuite`, nested or not.
 * Cases are counted, not a suite's own numbers; failures that only a suite's numbers know are added, so that none is lost.
 * @throws Error saying why it is no whole report
 */
export function readJUnit(text: string): TestResults {
  mustBeWhole(text)
  const root = PARSER.parse(text) as { testsuites?: Suite | '' ; testsuite?: Suite[] }
  if (root.testsuites === undefined && root.testsuite === undefined) throw new Error('no testsuite in it')
  return ofSuite({ ...(typeof root.testsuites === 'object' && root.testsuites), ...(root.testsuite && { testsuite: root.testsuite }) })
}

function ofSuite(suite: Suite): TestResults {
  const parts = [...(suite.testcase ?? []).map(ofCase), ...(suite.testsuite ?? []).filter((inner) => typeof inner === 'object').map(ofSuite)]
  const counted = sum(parts)
  const claimed = Number(suite['@failures'] ?? 0) + Number(suite['@errors'] ?? 0)
  if (!(claimed > counted.failed)) return counted
  const missing = claimed - counted.failed
  const failure = { name: plain(suite['@name'] ?? 'suite'), message: `says of itself that ${claimed} failed; ${counted.failed} of them are listed` }
  return sum([counted, { ...noResults(), failed: missing, failures: [failure] }])
}

function ofCase(test: Case): TestResults {
  const durationMs = Math.round(Number(test['@time']?.replaceAll(',', '') ?? 0) * 1000) || 0
  const [why] = [...test.failure ?? [], ...test.error ?? []]
  if (why === undefined) return { ...noResults(), durationMs, ...(test.skipped ? { skipped: 1 } : { passed: 1 }) }
  const name = [test['@classname'], test['@name']].filter((part) => part !== undefined && part !== '').join(' › ')
  return { ...noResults(), durationMs, failed: 1, failures: [{ name: plain(name) || 'a test without a name', message: plain(wordsOf(why)).slice(0, MESSAGE_CHARACTERS) }] }
}

const MARKUP = /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<!DOCTYPE[^[>]*(?:\[[\s\S]*?\]\s*)?>|<\/?([\w:.-]+)(?:"[^"]*"|'[^']*'|[^"'>])*>|</g

/** The parser reads half a file as if it were all. @throws Error when a tag is left open */
function mustBeWhole(text: string): void {
  const open: string[] = []
  let tags = 0
  for (const { 0: markup, 1: name } of text.matchAll(MARKUP)) {
    if (markup === '<') throw new Error('not whole XML: a tag is cut off')
    if (name === undefined) continue
    tags += 1
    if (!markup.startsWith('</')) { if (!markup.endsWith('/>')) open.push(name) } else if (open.pop() !== name) throw new Error(`not whole XML: </${name}> closes nothing`)
  }
  if (open.length > 0 || tags === 0) throw new Error(`not whole XML: ${open.length > 0 ? `<${open.join('> <')}> is left open` : 'it has no element'}`)
}

const wordsOf = (said: Said): string => typeof said === 'string' ? said : said['@message'] ?? said['#text'] ?? said['@type'] ?? ''

const NAMED: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: '\'' }
const plain = (text: string): string => text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(lt|gt|amp|quot|apos));/gi, (written, decimal: string | undefined, hex: string | undefined, name: string | undefined) => {
  if (name !== undefined) return NAMED[name.toLowerCase()] ?? written
  const point = decimal !== undefined ? Number(decimal) : parseInt(hex ?? '', 16)
  return point <= 0x10ffff ? String.fromCodePoint(point) : written
}).trim()

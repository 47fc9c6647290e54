import { createHash } from 'node:crypto'

const CDATA = /(<!\[CDATA\[[\s\S]*?\]\]>)/
const NAME = /\$\{(?:variables\.)?(\w+)\}/g
// XML 1.0 §2.2: no document may hold these, escaped or not.
const IMPOSSIBLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g

/**
 * Fill `${NAME}` and `${variables.NAME}` of known names into a page in storage format; others stay as they are written. A value is text
 * wherever it stands, in an attribute and in a CDATA section too: it cannot become markup.
 */
export function fillPage(template: string, known: ReadonlyMap<string, string>): string {
  return template.split(CDATA).map((part) => {
    const put = part.startsWith('<![CDATA[') ? inCdata : escaped
    return part.replace(NAME, (written, name: string) => {
      const value = known.get(name)
      return value === undefined ? written : put(value.replace(IMPOSSIBLE, ''))
    })
  }).join('')
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }
const escaped = (value: string): string => value.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign)
const inCdata = (value: string): string => value.replaceAll(']]>', ']]]]><![CDATA[>')

/** What a version's author is said to have said, so that the same page is known again although Confluence writes it its own way. */
export const pageMark = (body: string): string => `sha256:${createHash('sha256').update(body).digest('hex').slice(0, 32)}`

/** Do two bodies say the same? Confluence adds ids to macros and puts white space its own way. */
export const sameBody = (one: string, other: string): boolean => plain(one) === plain(other)
const plain = (body: string): string => body.replace(/\s(?:ac:(?:macro-id|schema-version|local-id)|local-id)="[^"]*"/g, '').replace(/\s+/g, ' ').replace(/> </g, '><').replaceAll('&#39;', '\'').replaceAll('&quot;', '"').trim()

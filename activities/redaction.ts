import type { Json } from '../domain/json.js'
import { isObject } from '../domain/json.js'

const MASK = '***'
const SHORTEST = 4
const SHORTEST_LINE = 8

/** Takes secret values out of texts. Values under 4 characters stay: masking them would garble everything and hide nothing. */
export class Redactor {
  readonly #forms = new Set<string>()
  #pattern: RegExp | null = null

  /** Known from now on: as it is, as JSON and URLs write it, and line by line. */
  add(secret: string): void {
    const lines = secret.split(/\r?\n/).filter((line) => line.length >= SHORTEST_LINE)
    for (const form of [secret, secret.trim(), JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), ...lines]) {
      if (form.length >= SHORTEST) this.#forms.add(form)
    }
    const longestFirst = [...this.#forms].sort((a, b) => b.length - a.length)
    this.#pattern = longestFirst.length > 0 ? new RegExp(longestFirst.map((form) => form.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'), 'g') : null
  }

  text(text: string): string { return this.#pattern ? text.replace(this.#pattern, MASK) : text }

  /** The same for a text whose beginning was cut off, perhaps within a secret. */
  end(text: string): string {
    let longest = 0
    for (const form of this.#forms) {
      for (let length = Math.min(form.length - 1, text.length); length > longest; length -= 1) {
        if (text.startsWith(form.slice(-length))) longest = length
      }
    }
    return longest > 0 ? MASK + this.text(text.slice(longest)) : this.text(text)
  }

  json<Value extends Json>(value: Value): Value {
    const redact = (item: Json): Json => {
      if (typeof item === 'string') return this.text(item)
      if (Array.isArray(item)) return item.map(redact)
      return isObject(item) ? Object.fromEntries(Object.entries(item).map(([key, inner]) => [this.text(key), redact(inner)])) : item
    }
    return redact(value) as Value
  }

  /** Up to where a text can be redacted although more of it is to come: what may begin a secret there is left, no secret is cut. */
  decided(text: string): number {
    let longest = 0
    for (const form of this.#forms) {
      for (let length = Math.min(form.length - 1, text.length); length > longest; length -= 1) {
        if (text.endsWith(form.slice(0, length))) longest = length
      }
    }
    const end = text.length - longest
    const cut = this.#pattern ? [...text.matchAll(this.#pattern)].find(({ index, 0: match }) => index < end && index + match.length > end) : undefined
    return cut ? cut.index + cut[0].length : end
  }
}

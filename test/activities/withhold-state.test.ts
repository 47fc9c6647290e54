import { expect, test } from 'vitest'
import { WithholdState, withoutState } from '../../activities/tools/withhold-state.js'

const HINT = '(the state as JSON is left out here: it holds every value, secret ones too)\n'
const SAID = ['Error: no space left on device', '{', '  "version": 4,', '  "resources": [', '    { "s3cret": 1 }', '  ]', '}', 'Error: Failed to save state', '{"version":4,"resources":[{"s3cret":1}],"check_results":null}', ' {', '│ {', '{ "a": 1 }', ''].join('\n')
const LEFT = SAID.replace(/^\{\n[^]*^\}\n/m, HINT).replace(/^\{"v.*\n/m, HINT)

test('a state is left out wherever what is written breaks into chunks, and nothing else is; each chunk keeps its place', () => {
  for (let first = 0; first <= SAID.length; first += 1) {
    for (const second of [first, first + 1, first + 3, SAID.length]) {
      const seen: { offset: number; text: string }[] = []
      const stream = new WithholdState(({ offset, text }) => { seen.push({ offset, text }) })
      let offset = 0
      for (const text of [SAID.slice(0, first), SAID.slice(first, second), SAID.slice(second)]) {
        stream.take({ stream: 'stderr', offset, text })
        offset += Buffer.byteLength(text)
      }
      expect(seen.map(({ text }) => text).join('')).toBe(LEFT)
      expect(seen.map((chunk) => chunk.offset)).toEqual([...new Set(seen.map((chunk) => chunk.offset))].sort((a, b) => a - b))
    }
  }
})

test('of a text whose beginning is cut off, perhaps within a state, what comes after it is kept', () => {
  expect(withoutState(SAID, false)).toBe(`${LEFT}\n`)
  const [, ...cut] = SAID.split('s3cret').map((_, n, parts) => parts.slice(n).join('s3cret'))
  expect(cut.map((text) => withoutState(text, true))).toEqual(['\n {\n│ {\n{ "a": 1 }\n\n', '\n {\n│ {\n{ "a": 1 }\n\n'])
})

import { expect, test } from 'vitest'
import { chunksOf, undoOrder, type UndoEntry } from '../../domain/undo.js'

const entry = (id: string, more: Partial<UndoEntry> = {}): UndoEntry =>
  ({ id, stage: 'roll', job: 'app', what: id, wave: 'rest', activity: 'undo.app', input: null, manual: '', state: 'promised', error: null, ...more })
const ids = (chunks: UndoEntry[][]): string[][] => chunks.map((chunk) => chunk.map(({ id }) => id))

test('traffic is taken back first, then the rest, the last promised first; what is undone is not undone again', () => {
  const entries = [entry('a'), entry('b', { wave: 'traffic' }), entry('c', { state: 'undone' }), entry('d', { state: 'failed' }), entry('e', { wave: 'traffic' })]
  expect(undoOrder(entries).map(({ id }) => id)).toEqual(['e', 'b', 'd', 'a'])
})

test('entries go in chunks that fit a payload, in their order; a large one goes alone', () => {
  const large = (id: string, characters: number): UndoEntry => entry(id, { input: 'x'.repeat(characters) })
  expect(ids(chunksOf([]))).toEqual([])
  expect(ids(chunksOf([entry('a'), entry('b')]))).toEqual([['a', 'b']])
  expect(ids(chunksOf([large('a', 150_000), large('b', 150_000), large('c', 150_000), entry('d')]))).toEqual([['a', 'b'], ['c', 'd']])
  expect(ids(chunksOf([entry('a'), large('b', 900_000), entry('c')]))).toEqual([['a'], ['b'], ['c']])
})

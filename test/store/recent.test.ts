import { expect, test } from 'vitest'
import { Recent } from '../../store/recent.js'

test('what was used last stays, the rest goes, and nothing above the limit is kept', () => {
  const recent = new Recent<string>(10)
  recent.set('a', 'A', 4)
  recent.set('b', 'B', 4)
  expect(recent.get('a')).toBe('A')
  recent.set('c', 'C', 4)
  expect([recent.get('a'), recent.get('b'), recent.get('c')]).toEqual(['A', undefined, 'C'])
  recent.set('huge', 'H', 11)
  expect([recent.get('huge'), recent.get('a')]).toEqual([undefined, 'A'])
  recent.set('a', 'A2', 6)
  expect([recent.get('a'), recent.get('c')]).toEqual(['A2', 'C'])
})

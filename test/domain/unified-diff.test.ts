import { expect, test } from 'vitest'
import { unifiedDiff } from '../../domain/unified-diff.js'

const lines = (from: number, to: number): string => Array.from({ length: to - from + 1 }, (_, n) => `line ${from + n}\n`).join('')

test('texts that are the same have no difference', () => {
  expect(unifiedDiff(lines(1, 9), lines(1, 9))).toBe('')
  expect(unifiedDiff('', '')).toBe('')
})

test('a changed line is shown with three lines around it, as diff -u counts them', () => {
  expect(unifiedDiff(lines(1, 9), lines(1, 9).replace('line 5', 'line five'))).toBe('@@ -2,7 +2,7 @@\n line 2\n line 3\n line 4\n-line 5\n+line five\n line 6\n line 7\n line 8')
})

test('changes far apart are hunks of their own, near ones are one', () => {
  const after = lines(1, 30).replace('line 3\n', '').replace('line 20\n', 'line 20\nline 20b\n').replace('line 24\n', '')
  expect(unifiedDiff(lines(1, 30), after).split('\n').filter((line) => !line.startsWith(' '))).toEqual(['@@ -1,6 +1,5 @@', '-line 3', '@@ -18,10 +17,10 @@', '+line 20b', '-line 24'])
})

test('what is new or gone as a whole is counted from nothing', () => {
  expect(unifiedDiff('', 'a\nb\n')).toBe('@@ -0,0 +1,2 @@\n+a\n+b')
  expect(unifiedDiff('a\n', '')).toBe('@@ -1 +0,0 @@\n-a')
})

const CONTEXT = 3
/** Beyond so many lines on both sides together the middle is told as taken out and put in whole. */
const MOST_PAIRS = 4_000_000
interface Line { sign: ' ' | '-' | '+'; text: string }

/** What differs between two texts, as `diff -u` writes it; empty when nothing does. */
export function unifiedDiff(before: string, after: string): string {
  const lines = compared(linesOf(before), linesOf(after))
  const changed = lines.flatMap(({ sign }, n) => sign === ' ' ? [] : [n])
  const hunks: { from: number; to: number }[] = []
  for (const n of changed) {
    const last = hunks.at(-1)
    const [from, to] = [Math.max(0, n - CONTEXT), Math.min(lines.length, n + CONTEXT + 1)]
    if (last && from <= last.to) last.to = to
    else hunks.push({ from, to })
  }
  return hunks.map(({ from, to }) => {
    const part = lines.slice(from, to)
    const range = (sign: '-' | '+'): string => {
      const start = lines.slice(0, from).filter((line) => line.sign !== (sign === '-' ? '+' : '-')).length
      const count = part.filter((line) => line.sign !== (sign === '-' ? '+' : '-')).length
      return `${sign}${count === 0 ? start : start + 1}${count === 1 ? '' : `,${count}`}`
    }
    return [`@@ ${range('-')} ${range('+')} @@`, ...part.map(({ sign, text }) => `${sign}${text}`)].join('\n')
  }).join('\n')
}

const linesOf = (text: string): string[] => text === '' ? [] : text.replace(/\n$/u, '').split('\n')

/** By the longest common subsequence of what lies between an equal beginning and an equal end. */
function compared(before: string[], after: string[]): Line[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1
  let tail = 0
  while (tail < before.length - head && tail < after.length - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1
  const same = (lines: string[]): Line[] => lines.map((text) => ({ sign: ' ', text }))
  return [...same(before.slice(0, head)), ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)), ...same(before.slice(before.length - tail))]
}

function middle(before: string[], after: string[]): Line[] {
  const whole: Line[] = [...before.map((text): Line => ({ sign: '-', text })), ...after.map((text): Line => ({ sign: '+', text }))]
  if (before.length === 0 || after.length === 0 || before.length * after.length > MOST_PAIRS) return whole
  const width = after.length + 1
  const longest = new Uint32Array((before.length + 1) * width)
  const at = (a: number, b: number): number => longest[a * width + b] ?? 0
  for (let a = before.length - 1; a >= 0; a -= 1) for (let b = after.length - 1; b >= 0; b -= 1) longest[a * width + b] = before[a] === after[b] ? at(a + 1, b + 1) + 1 : Math.max(at(a + 1, b), at(a, b + 1))
  const lines: Line[] = []
  let [a, b] = [0, 0]
  while (a < before.length || b < after.length) {
    if (a < before.length && b < after.length && before[a] === after[b]) { lines.push({ sign: ' ', text: before[a] ?? '' }); a += 1; b += 1 }
    else if (a < before.length && (b >= after.length || at(a + 1, b) >= at(a, b + 1))) { lines.push({ sign: '-', text: before[a] ?? '' }); a += 1 }
    else { lines.push({ sign: '+', text: after[b] ?? '' }); b += 1 }
  }
  return lines
}

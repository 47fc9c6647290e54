import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Redactor } from '../../activities/redaction.js'
import { ReleaseLog } from '../../activities/release-log.js'
import { splitCommand } from '../../activities/rollout/split-command.js'
import { MemoryLog } from './kind-world.js'

const knowing = (...secrets: string[]): Redactor => {
  const redactor = new Redactor()
  for (const secret of secrets) redactor.add(secret)
  return redactor
}
const KEY = { releaseId: 'r', job: 'j', attempt: 1 }

test('a secret is found as it is, in JSON, in a URL and line by line; short ones are left', () => {
  const redactor = knowing('pa"ss word', '-----BEGIN-----\nabcdefghij\n', 'ab')
  expect(redactor.text('pa"ss word, {"p":"pa\\"ss word"}, ?p=pa%22ss%20word, abcdefghij, ab')).toBe('***, {"p":"***"}, ?p=***, ***, ab')
  expect(redactor.json({ a: ['pa"ss word'], 'pa"ss word': 1 })).toEqual({ a: ['***'], '***': 1 })
})

test('the same name in a longer secret does not hide the rest of it', () => {
  expect(knowing('hunter', 'hunter2').text('hunter2!')).toBe('***!')
})

const SECRETS = ['abab', 'ababcd', 'xx-yy-zz', 'äöüß']
const text = fc.array(fc.constantFrom('ab', 'abcd', 'xx-', 'yy-zz', 'ä', 'öüß', '\n', 'q', 'a'), { maxLength: 40 }).map((parts) => parts.join(''))
const cuts = fc.array(fc.nat(8), { maxLength: 20 })
function chunksOf(whole: string, lengths: number[]): string[] {
  let at = 0
  return [...lengths, whole.length].map((length) => whole.slice(at, at += length))
}

test('however a stream is cut, no secret is missed', () => {
  const redactor = knowing(...SECRETS)
  fc.assert(fc.property(text, cuts, (whole, lengths) => {
    let held = ''
    let seen = ''
    for (const chunk of chunksOf(whole, lengths)) {
      held += chunk
      const decided = redactor.decided(held)
      seen += redactor.text(held.slice(0, decided))
      held = held.slice(decided)
    }
    seen += redactor.text(held)
    for (const secret of SECRETS) expect(seen).not.toContain(secret)
    if (SECRETS.every((secret) => !whole.includes(secret))) expect(seen).toBe(whole)
  }), { numRuns: 2000 })
})

test('however a stream is cut, the log gets all of it at the right offsets', async () => {
  await fc.assert(fc.asyncProperty(text, cuts, async (whole, lengths) => {
    const memory = new MemoryLog()
    const log = new ReleaseLog(memory, KEY, knowing(...SECRETS), true)
    let offset = 0
    for (const chunk of chunksOf(whole, lengths)) {
      if (chunk !== '') log.write('stdout', offset, chunk)
      offset += Buffer.byteLength(chunk)
    }
    await log.close()
    expect(memory.text('stdout')).toBe(knowing(...SECRETS).text(whole))
  }), { numRuns: 200 })
})

test('what a log store missed while it was down is written later, and what did not fit is said', async () => {
  const memory = new MemoryLog()
  memory.isDown = true
  const log = new ReleaseLog(memory, KEY, new Redactor(), true)
  const chunk = 'x'.repeat(1_000_000)
  for (let n = 0; n < 6; n += 1) log.write('stdout', n * chunk.length, chunk)
  memory.isDown = false
  log.write('stdout', 6 * chunk.length, 'end\n')
  await log.close()
  expect(memory.text('stdout').length).toBeLessThan(4_200_000)
  expect(memory.text('stdout')).toMatch(/\[2000000 characters of log dropped[^\n]*\]\nend\n$/)
})

test('a try that takes over writes on where the last one was cut off, without gaps or repeats', async () => {
  const memory = new MemoryLog()
  await memory.append(KEY, [{ stream: 'stdout', offset: 0, text: 'one\n' }, { stream: 'stdout', offset: 4, text: 'tw' }])
  const log = new ReleaseLog(memory, KEY, new Redactor(), false)
  log.write('stdout', 0, 'one\ntwo\nthree\n')
  await log.close()
  expect(memory.text('stdout')).toBe('one\ntwo\nthree\n')
})

test.each([
  ['node server.js --port 80', ['node', 'server.js', '--port', '80']],
  [' sh -c "echo \\"$HOME\\" \'x\'"  ', ['sh', '-c', 'echo "$HOME" \'x\'']],
  ['a\\ b \'c d\'e"f" \'\' $(id) *', ['a b', 'c def', '', '$(id)', '*']],
])('the command %s is split as a shell would, expanding nothing', (text, words) => {
  expect(splitCommand(text)).toEqual(words)
})

test.each(['echo "open', 'echo \'open', '   '])('the command %s is refused', (text) => {
  expect(() => splitCommand(text)).toThrow(/command: /)
})

import { readFileSync } from 'node:fs'
import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import type { TreeOptions } from '../../cli/tree/options.js'
import { renderTree } from '../../cli/tree/render.js'
import type { ReleaseView } from '../../domain/release.js'
import { awaitingApproval, midCanary, NOW, rolledBack } from './sample-view.js'

const options: TreeOptions = { now: NOW, width: 100, colour: false, frame: 2, timezone: 'UTC' }
const draw = (view: ReleaseView, rest: Partial<TreeOptions> = {}): string[] => renderTree(view, { ...options, ...rest })

test('a canary under way shows its share, what is left of the hold, its measures against their limits and the commands that end it', () => {
  expect(draw(midCanary()).join('\n')).toBe(`\
shop 2.4.0 → production                                                           ⠹ running  18m 00s
r-7f3k2m · plan shop-checkout · by dana@example.com                                      since 09:20

✔ prepare                                                                                        8s
│ ✔ smoke       validation  http://127.0.0.1:4001/health answers 200                             3s
│ ✔ unit-tests  script      42 tests passed                                                      5s
⠹ ship                                                                                       17m 52s
│ ✔ approved  2 of 2  lead@example.com, manager@example.com (“go”)
│ ⠹ rollout     rollout                                                                      14m 00s
│   ✔   5 %  hold 10m   errorRate 0.21% <1% ✔   p95 182ms <300ms ✔
│   ⠹  25 %  ━━━━━━━━━━━━──────────────────── 6m 06s left of 10m
│            errorRate 0.4% <1% ✔   p95 210ms <300ms ✔
│   ○  50 %  30m
│   ○ 100 %  10m
○ announce
│ ○ tell        notification

traffic  edge/shop  2.4.0 25 %  ██████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  75 % 2.3.1

waiting  shop at 25% (rollout): holding for 10m
         since 09:34 (3m 54s) · until 09:44 (6m 06s left)
         releasectl promote r-7f3k2m          skip the rest of the hold
         releasectl promote r-7f3k2m --full   go to 100 % now
         releasectl pause r-7f3k2m            stop the clock
         releasectl abort r-7f3k2m            stop here and take everything back`)
})

test('promote --full is offered with what it does at this hold, and not where it does no more than promote', () => {
  const [wait] = midCanary().waiting
  if (!wait) throw new Error('the sample holds')
  const plain = { ...wait }
  delete plain.full
  const promotes = (one: typeof wait): string[] => draw({ ...midCanary(), waiting: [one] }).filter((text) => text.includes('promote')).map((text) => text.trim())
  expect(promotes({ ...wait, where: 'shops canary (shops)', full: 'checks' })).toEqual([
    'releasectl promote r-7f3k2m          skip the rest of the hold',
    'releasectl promote r-7f3k2m --full   skip the checks of the waves that follow, too',
  ])
  expect(promotes(plain)).toEqual(['releasectl promote r-7f3k2m   skip the rest of the hold'])
})

test('the picture in the docs is what the tree draws', () => {
  const picture = readFileSync(new URL('../../docs/live-tree.txt', import.meta.url), 'utf8')
  expect(picture).toBe(`${draw(midCanary()).join('\n')}\n`)
})

test('a release that waits for people names who is still asked, until when, and what to type', () => {
  expect(draw(awaitingApproval()).slice(-5)).toEqual([
    'waiting  approval of ship',
    '         since 09:20 (17m 52s) · until 13:20 (3h 42m left)',
    '         1 more yes from manager@example.com',
    '         releasectl approve r-7f3k2m   say yes',
    '         releasectl reject r-7f3k2m    say no: everything is taken back',
  ])
})

test('with two approvals pending the commands name which one they mean', () => {
  const view = awaitingApproval()
  const [approval] = view.approvals
  const [wait] = view.waiting
  if (!approval || !wait) throw new Error('the sample has an approval')
  const both = { ...view, approvals: [approval, { ...approval, id: 'ship it' }], waiting: [wait, { ...wait, where: 'ship it' }] }
  expect(draw(both).filter((text) => text.includes('releasectl approve')).map((text) => text.trim())).toEqual([
    'releasectl approve r-7f3k2m --approval ship   say yes',
    "releasectl approve r-7f3k2m --approval 'ship it'   say yes",
  ])
})

test('taking back is shown last promised first', () => {
  expect(draw(rolledBack('rolling_back')).slice(-3)).toEqual(['⠹ taking back  1 of 2', '│ ✔ split of edge/shop', '│ ○ candidate shop 2.4.0'])
})

test('a release taken back says why it ended', () => {
  expect(draw(rolledBack('rolled_back')).slice(-3)).toEqual([
    '↺ rolled back after 17m 00s: production is as it was before 2.4.0',
    '  because  error rate 20% over <1% at 25 %',
    '  what happened  releasectl logs r-7f3k2m',
  ])
})

test('what could not be taken back is listed with what a person must do', () => {
  expect(draw(rolledBack('failed')).slice(-5)).toEqual([
    '✘ failed after 17m 00s: something is left half-way',
    '  because  error rate 20% over <1% at 25 %',
    '  left over  candidate shop 2.4.0: the host did not answer',
    '  to do      stop the process of shop 2.4.0',
    '  then try again  releasectl retry r-7f3k2m',
  ])
})

test('a long reason is told to its end, on as many lines as it takes', () => {
  const reason = 'shop (2.4.0) was not healthy after 1m: expected status 200, got 500'
  expect(draw({ ...rolledBack('rolled_back'), reason }, { width: 50 }).slice(-4)).toEqual([
    '↺ rolled back after 17m 00s: production is as it …',
    '  because  shop (2.4.0) was not healthy after 1m:',
    '           expected status 200, got 500',
    '  what happened  releasectl logs r-7f3k2m',
  ])
})

test('a hold past its end is due, and a measure not taken yet shows its limit only', () => {
  const lines = draw({ ...midCanary(), stages: midCanary().stages.map((one) => ({ ...one, jobs: one.jobs.map((its) => ({ ...its, phases: its.phases.map((phase) => ({ ...phase, measures: {} })) })) })) }, { now: NOW + 600_000 })
  expect(lines.filter((text) => /of 10m|until|errorRate/.test(text)).map((text) => text.trim())).toEqual([
    '│   ✔   5 %  hold 10m   errorRate <1%   p95 <300ms',
    '│   ⠹  25 %  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ due of 10m',
    '│            errorRate <1%   p95 <300ms',
    'since 09:34 (13m 54s) · until 09:44 (due)',
  ])
})

test('no line is wider than the terminal, whatever the names are', () => {
  const view = midCanary()
  const wide = { ...view, release: { ...view.release, project: '结账服务'.repeat(8) } }
  for (const width of [24, 40, 60, 79, 120]) {
    expect(Math.max(...draw(wide, { width }).map((text) => stringWidth(text)))).toBeLessThanOrEqual(width)
  }
})

test('finished stages fold when the terminal is too low for them', () => {
  expect(draw(midCanary(), { height: 20 }).filter((text) => text.includes('unit-tests') || text.includes('prepare'))).toEqual([expect.stringMatching(/^✔ prepare +8s$/)])
})

test('colour changes no text, and a message cannot move the cursor', () => {
  const view = midCanary()
  const nasty = { ...view, plan: { ...view.plan, name: 'shop\u001b[2Jgone\nnext' } }
  const painted = draw(nasty, { colour: true }).join('\n')
  expect(painted.replace(/\u001b\[\d+m/g, '')).toBe(draw(nasty).join('\n'))
  expect(painted).toContain('\u001b[32m✔')
  expect(draw(nasty)[1]).toContain('shop [2Jgone next')
})

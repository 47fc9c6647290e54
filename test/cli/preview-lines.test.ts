import { expect, test } from 'vitest'
import { previewLines } from '../../cli/preview-lines.js'
import type { FleetPreview, JobPreview } from '../../domain/preview.js'

const plain = { paint: (text: string) => text }
const update = (target: string | null, after: string, more: Partial<JobPreview> = {}): JobPreview => ({ stage: 'roll', job: 'update', kind: 'script', target, changes: [{ what: 'shop', action: 'update', before: '1.0', after }], unknown: null, ...more })
const fleet = (more: Partial<FleetPreview> = {}): FleetPreview => ({ stage: 'roll', total: 2000, leftOut: 0, batch: 50, parallel: 20, unknown: null, waves: [], ...more })
const shown = (jobs: JobPreview[], fleets: FleetPreview[]): string => previewLines({ preview: { jobs, fleets }, previewError: null }, plain).join('\n')

test('of a stage with targets the waves are told in order, targets that undergo the same together, and how many were not asked', () => {
  const waves = [
    { name: 'canary', total: 3, targets: [{ name: 'web-1', presence: 'online' as const }, { name: 'web-2', presence: 'unknown' as const }, { name: 'web-3', presence: 'offline' as const }], more: 0 },
    { name: 'rest', total: 1996, targets: [{ name: 'web-4', presence: 'online' as const }], more: 1995 },
  ]
  const diff = '@@ -1 +1 @@\n-a\n+b'
  const jobs = [
    { ...update(null, ''), stage: 'check', job: 'smoke', changes: [] }, update('web-1', '2.0'), update('web-2', '2.0'), update('web-3', '', { changes: [], unknown: 'its agent is away: nobody was asked' }),
    update('web-4', '', { changes: [{ what: 'file a', action: 'update', before: null, after: null, diff }] }),
    { ...update(null, ''), stage: 'tell', job: 'call', kind: 'webhook', changes: [{ what: 'call', action: 'run', before: null, after: null }] } satisfies JobPreview,
  ]
  expect(shown(jobs, [fleet({ waves, leftOut: 1 })])).toBe(`
what would change:
  roll on 2000 targets in 2 waves: 50 at a time, at most 20 at work; 1 in no wave
    1. wave canary: 3 targets
      web-1, web-2
        update [script]
          ~ shop: 1.0 → 2.0
      web-3 (offline)
        update [script]
          ? its agent is away: nobody was asked
    2. wave rest: 1996 targets
      web-4
        update [script]
          ~ file a
            @@ -1 +1 @@
            -a
            +b
      and 1995 more targets, not asked
  tell/call [webhook]
    ▸ call

nothing was touched`)
})

test('a stage that nobody can be chosen for says why', () => {
  expect(shown([], [fleet({ total: 0, unknown: 'stage roll: no target of shop/production is chosen' })])).toContain('  roll on its targets\n    ? stage roll: no target of shop/production is chosen')
})

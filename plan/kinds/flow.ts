import { Type, type Static } from 'typebox'
import { durationMs } from '../../domain/duration.js'
import { defineKind } from '../kind.js'
import { Approval, Duration, Expression, strict } from '../schema-parts.js'

export const WaitConfig = Type.Object({
  duration: Type.Optional(Duration),
  until: Type.Optional(Type.String({ format: 'date-time', description: 'ISO 8601' })),
  waitForApproval: Type.Optional(Type.Boolean()),
  approval: Type.Optional(Approval),
}, strict)
export type WaitConfig = Static<typeof WaitConfig>

export const wait = defineKind({
  name: 'wait', description: 'Waits for a time, a moment or a person', schema: WaitConfig, runsIn: 'workflow', acts: false, defaultTimeout: '30d',
  check: (config) => config.duration ?? config.until ?? config.waitForApproval ? [] : [{ path: '', message: 'needs duration, until or waitForApproval' }],
  time: ({ duration }) => ({ shortestMs: duration ? durationMs(duration) : 0, longestMs: duration ? durationMs(duration) : Infinity }),
})

export const ApprovalConfig = Type.Object({ ...Approval.properties, timeout: Type.Optional(Duration) }, strict)
export type ApprovalConfig = Static<typeof ApprovalConfig>

export const approval = defineKind({
  name: 'approval', description: 'Waits until enough people have said yes', schema: ApprovalConfig, runsIn: 'workflow', acts: false, defaultTimeout: '30d',
})

export const ConditionConfig = Type.Object({
  expression: Expression,
  onTrue: Type.Union([Type.Literal('continue'), Type.Literal('fail'), Type.Literal('skip_stage')], { default: 'continue' }),
  onFalse: Type.Union([Type.Literal('continue'), Type.Literal('fail'), Type.Literal('skip_stage')], { default: 'fail' }),
}, strict)
export type ConditionConfig = Static<typeof ConditionConfig>

export const condition = defineKind({
  name: 'condition', description: 'Goes on, fails or skips the rest of the stage by a CEL expression', schema: ConditionConfig, runsIn: 'workflow', acts: false, defaultTimeout: '1m',
})

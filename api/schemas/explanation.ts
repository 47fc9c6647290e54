import { Type, type Static } from 'typebox'
import { TextOrNull, orNull } from './parts.js'

const Strings = Type.Array(Type.String())
const Span = { shortestMs: orNull(Type.Number()), longestMs: orNull(Type.Number({ description: 'null: nothing ends it' })) }
const StageExplained = Type.Object({
  name: Type.String(), phase: Type.String(), gates: Strings, ...Span,
  jobs: Type.Array(Type.Object({
    name: Type.String(), kind: Type.String(), after: Strings, condition: TextOrNull, does: Strings, attempts: Type.Integer(), timeoutMs: Type.Number(), ...Span,
  })),
})

/** What a plan would do: plan/explain.ts Explanation, as JSON. */
export const Explanation = Type.Object({
  name: Type.String(), gates: Strings, stages: Type.Array(StageExplained), undo: Strings, rollback: Type.Array(StageExplained), ...Span,
  text: Type.String({ description: 'all of it, for a terminal' }),
})
export type Explanation = Static<typeof Explanation>

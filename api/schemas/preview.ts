import { Type, type Static } from 'typebox'
import type { Preview } from '../../domain/preview.js'
import { TARGET_PRESENCES } from '../../domain/target.js'
import { TextOrNull, oneOf } from './parts.js'

/** What a release would change: domain/preview.ts Preview, as JSON Schema. */
export const PreviewSchema = Type.Object({
  jobs: Type.Array(Type.Object({
    stage: Type.String(), job: Type.String(), kind: Type.String(), target: TextOrNull,
    changes: Type.Array(Type.Object({
      what: Type.String(), action: oneOf(['create', 'update', 'delete', 'run', 'none']), before: TextOrNull, after: TextOrNull,
      diff: Type.Optional(Type.String({ description: 'unified diff, secrets hidden' })),
    })),
    unknown: TextOrNull,
  })),
  fleets: Type.Array(Type.Object({
    stage: Type.String(), total: Type.Integer(), leftOut: Type.Integer(), batch: Type.Integer(), parallel: Type.Integer(), unknown: TextOrNull,
    waves: Type.Array(Type.Object({
      name: Type.String(), total: Type.Integer(), targets: Type.Array(Type.Object({ name: Type.String(), presence: oneOf(TARGET_PRESENCES) })),
      more: Type.Integer({ description: 'targets of this wave that were not asked' }),
    })),
  })),
})

/** Does not compile when the schema no longer says what the type says. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never
export const PREVIEW_SCHEMA_IS_THE_TYPE: Same<Static<typeof PreviewSchema>, Preview> = true

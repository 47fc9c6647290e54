import { Type, type Static } from 'typebox'
import { defineKind } from '../kind.js'
import { strict } from '../schema-parts.js'

export const ScriptConfig = Type.Object({
  script: Type.String({ minLength: 1, maxLength: 65_536, literal: true, description: 'the text, or a file of the bundle (./run_tests.sh). Never interpolated: variables reach it as environment variables' }),
  interpreter: Type.String({ default: '/bin/bash' }),
  workDir: Type.Optional(Type.String()),
  environment: Type.Record(Type.String(), Type.String(), { default: {} }),
  rollbackScript: Type.Optional(Type.String({ minLength: 1, maxLength: 65_536, literal: true, description: 'run when the release is taken back' })),
  outputs: Type.Optional(Type.Array(Type.String(), { description: 'names the script writes to $RELEASECTL_OUTPUT as name=value lines' })),
}, strict)
export type ScriptConfig = Static<typeof ScriptConfig>

/** Run a script on the worker's machine. */
export const script = defineKind({
  name: 'script',
  description: 'Runs a script; its output streams to the release\'s log',
  schema: ScriptConfig,
  runsIn: 'activity',
  undo: true,
  needsUndo: ({ rollbackScript }) => rollbackScript !== undefined,
  variables: true,
  defaultTimeout: '10m',
})

import { Type, type Static } from 'typebox'
import { defineKind } from '../kind.js'
import { Duration, strict } from '../schema-parts.js'

export const TerraformConfig = Type.Object({
  source: Type.Optional(Type.String({ minLength: 1, alsoSpelt: ['module', 'path'], description: 'a folder of the bundle with the configuration' })),
  workDir: Type.Optional(Type.String({ minLength: 1, description: 'where it runs, on the machine. The source is copied there; without a source, the configuration lies there. Needed unless the source names a backend: a local state stays there' })),
  tool: Type.String({ minLength: 1, default: 'auto', description: 'terraform, tofu, a path, or auto: the first of the two there is' }),
  workspace: Type.Optional(Type.String({ pattern: '^[\\w.-]+$', description: 'made when there is none of that name' })),
  variables: Type.Record(Type.String(), Type.Unknown(), { default: {}, alsoSpelt: ['vars'], description: 'input variables; may be secrets: they reach it as a file for its user only' }),
  varFiles: Type.Array(Type.String(), { default: [], description: 'files of variables, relative to the source or workDir' }),
  backendConfig: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]), { default: {}, description: 'of the backend the configuration names; may be secrets' }),
  lockTimeout: Type.String({ ...Duration, default: '5m', description: 'how long a state that is locked by somebody else is waited for' }),
  environment: Type.Record(Type.String(), Type.String(), { default: {}, description: 'such as credentials of providers' }),
  rollback: Type.Union([Type.Literal('previous'), Type.Literal('destroy'), Type.Literal('none')], { default: 'previous', description: 'previous: the configuration and variables that were applied before are applied again; what the release made from nothing is destroyed. destroy: all of the state is destroyed. none: it stays' }),
}, strict)
export type TerraformConfig = Static<typeof TerraformConfig>

/** Terraform or OpenTofu: what is planned is what is applied. */
export const terraform = defineKind({
  name: 'terraform', aliases: ['tofu', 'opentofu'], description: 'Applies a Terraform or OpenTofu configuration, exactly as it was planned', schema: TerraformConfig,
  runsIn: 'activity', snapshot: true, undo: true, needsUndo: ({ rollback }) => rollback !== 'none', variables: true, defaultTimeout: '1h',
  check: ({ source, workDir }) => source === undefined && workDir === undefined ? [{ path: '', message: 'needs source, a folder of the bundle, or workDir, a folder on the machine' }] : [],
})

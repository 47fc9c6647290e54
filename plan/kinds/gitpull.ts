import { Type, type Static } from 'typebox'
import { defineKind } from '../kind.js'
import { strict } from '../schema-parts.js'

const Text = Type.String({ minLength: 1, maxLength: 1000 })
const RefName = Type.String({ maxLength: 200, pattern: '^[^\\s~^:?*\\\\[-][^\\s~^:?*\\\\[]*$' })
const ScriptText = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 65_536, literal: true, description }))

export const GitpullConfig = Type.Object({
  repository: Type.String({ maxLength: 1000, pattern: '^[^-\\s][^\\s]*$', alsoSpelt: ['repo', 'repoUrl', 'url'], description: 'https://…, http://…, ssh://…, user@host:path, git://…, file://… or a path on the machine' }),
  branch: Type.Optional(Type.String({ ...RefName, description: 'its newest commit; without branch, tag and commit: the repository\'s own branch' })),
  tag: Type.Optional(Type.String({ ...RefName, description: 'one that points to another commit than before is refused' })),
  commit: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F]{7,64}$', description: 'a commit, at least 7 characters of it' })),
  allowMovedTag: Type.Boolean({ default: false }),
  path: Type.String({ pattern: '^/', alsoSpelt: ['workDir', 'work_dir'], description: 'folder on the machine: releases/<commit> in it, and current, a link to the one in force' }),
  depth: Type.Optional(Type.Integer({ minimum: 1, description: 'fetch only so many commits back' })),
  submodules: Type.Boolean({ default: false }),
  auth: Type.Optional(Type.Object({
    username: Type.Optional(Text),
    password: Type.Optional(Type.String({ minLength: 1, alsoSpelt: ['token'], description: 'or a token; from a secret variable' })),
    sshKey: Type.Optional(Type.String({ minLength: 1, description: 'a private key; from a secret variable' })),
    knownHosts: Type.Optional(Type.String({ minLength: 1, description: 'lines of a known_hosts file; default: the machine\'s own. A host that is in neither is refused' })),
  }, strict)),
  buildScript: ScriptText('run in the new folder before current points to it'),
  afterScript: ScriptText('run in current once it points there, such as a restart'),
  rollbackScript: ScriptText('the same after current was set back; default: afterScript'),
  interpreter: Type.String({ default: '/bin/bash' }),
  environment: Type.Record(Type.String(), Type.String(), { default: {} }),
  keep: Type.Integer({ minimum: 1, default: 5, alsoSpelt: ['keepReleases', 'keepVersions'], description: 'releases to keep; the one in force and the one before stay in any case' }),
  operation: Type.Optional(Type.Union([Type.Literal('deploy'), Type.Literal('rollback')], { description: 'rollback: current back to the release before, or to version' })),
  version: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F]{7,64}$', description: 'operation rollback: the commit to go back to' })),
  skipChecks: Type.Optional(Type.Boolean({ description: 'operation rollback: also to a commit that never was in force here' })),
}, strict)
export type GitpullConfig = Static<typeof GitpullConfig>

/** Put a commit of a repository on a machine. */
export const gitpull = defineKind({
  name: 'gitpull',
  description: 'Puts a commit of a Git repository on the machine: fetches, checks out beside what runs, builds, then switches a link',
  schema: GitpullConfig,
  runsIn: 'activity',
  actsOn: 'machine',
  snapshot: true,
  undo: true,
  needsUndo: ({ operation }) => operation !== 'rollback',
  variables: true,
  defaultTimeout: '15m',
  check: ({ branch, tag, commit }) => [branch, tag, commit].filter((one) => one !== undefined).length > 1 ? [{ path: commit === undefined ? 'tag' : 'commit', message: 'one of branch, tag and commit' }] : [],
  explain: ({ repository, branch, tag, commit, path }) => ({
    does: [`puts ${tag ?? commit ?? branch ?? 'the newest commit'} of ${repository.replace(/\/\/[^@/]*@/u, '//')} to ${path}/current`], undoes: [`${path}/current, back to the exact commit it was at`],
  }),
})

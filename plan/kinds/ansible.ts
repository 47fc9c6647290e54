import { Type, type Static } from 'typebox'
import { defineKind } from '../kind.js'
import { strict } from '../schema-parts.js'

const Words = Type.Union([Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }))])
const Group = Type.Record(Type.String(), Type.Array(Type.String({ minLength: 1 })))

export const AnsibleConfig = Type.Object({
  playbook: Type.String({ minLength: 1, description: 'a file of the bundle' }),
  source: Type.Optional(Type.String({ minLength: 1, description: 'the folder of the bundle that holds roles, files and templates; default: the playbook\'s own' })),
  inventory: Type.Optional(Type.Union([Type.String({ minLength: 1, literal: true }), Group], { description: 'the text of an inventory, a file of the bundle, or groups of hosts: { web: [web-1, web-2] }. Left out: the stage\'s target' })),
  variables: Type.Record(Type.String(), Type.Unknown(), { default: {}, alsoSpelt: ['extraVars', 'vars'], description: 'extra variables; may be secrets: they reach it as a file for its user only' }),
  limit: Type.Optional(Type.String({ minLength: 1 })),
  tags: Type.Optional(Words),
  skipTags: Type.Optional(Words),
  user: Type.Optional(Type.String({ minLength: 1, alsoSpelt: ['remoteUser'] })),
  privateKey: Type.Optional(Type.String({ minLength: 1, secretOnly: true, description: 'a secret variable: the key to log in with' })),
  knownHosts: Type.Optional(Type.String({ description: 'lines of a known_hosts file; default: the worker\'s own' })),
  become: Type.Boolean({ default: false, description: 'as root' }),
  connection: Type.Optional(Type.String({ pattern: '^[\\w.]+$', description: 'such as local; default: ssh' })),
  forks: Type.Integer({ minimum: 1, maximum: 500, default: 5 }),
  vaultPassword: Type.Optional(Type.String({ minLength: 1, secretOnly: true, description: 'a secret variable' })),
  environment: Type.Record(Type.String(), Type.String(), { default: {} }),
  rollbackPlaybook: Type.Optional(Type.String({ minLength: 1, description: 'a file of the bundle, run in the same way when the release is taken back' })),
}, strict)
export type AnsibleConfig = Static<typeof AnsibleConfig>

/** Runs a playbook from the worker's machine. */
export const ansible = defineKind({
  name: 'ansible', aliases: ['ansible-playbook'], description: 'Runs an Ansible playbook; its recap becomes the outputs', schema: AnsibleConfig,
  runsIn: 'activity', undo: true, needsUndo: ({ rollbackPlaybook }) => rollbackPlaybook !== undefined, variables: true, defaultTimeout: '1h',
})

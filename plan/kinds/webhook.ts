import { Type, type Static } from 'typebox'
import { defineKind } from '../kind.js'
import { Headers, strict } from '../schema-parts.js'

export const WebhookConfig = Type.Object({
  url: Type.String({ format: 'uri' }),
  method: Type.Union([Type.Literal('GET'), Type.Literal('POST'), Type.Literal('PUT'), Type.Literal('PATCH'), Type.Literal('DELETE')], { default: 'POST' }),
  headers: Type.Optional(Headers),
  body: Type.Optional(Type.Unknown({ description: 'sent as JSON, or as it is when a text' })),
  expectedStatus: Type.Optional(Type.Array(Type.Integer(), { description: 'default: any 2xx' })),
  rollbackUrl: Type.Optional(Type.String({ format: 'uri', description: 'called with POST when the release is taken back' })),
}, strict)
export type WebhookConfig = Static<typeof WebhookConfig>

/** Call a URL once per idempotency key (sent as `Idempotency-Key`). Its JSON answer becomes the outputs. */
export const webhook = defineKind({
  name: 'webhook', description: 'Calls a URL; the JSON answer becomes the job\'s outputs', schema: WebhookConfig, runsIn: 'activity', undo: true, needsUndo: ({ rollbackUrl }) => rollbackUrl !== undefined, defaultTimeout: '1m',
})

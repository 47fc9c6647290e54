import { Type, type Static } from 'typebox'
import { defineKind } from '../kind.js'
import { Headers, strict } from '../schema-parts.js'

/** A channel written out in the plan; otherwise by its name in the installation's settings. */
export const Channel = Type.Union([
  Type.String({ minLength: 1, description: 'name of a channel the installation or the plan\'s notifications section defines' }),
  Type.Object({ type: Type.Literal('slack'), url: Type.String() }, strict),
  Type.Object({ type: Type.Literal('webhook'), url: Type.String(), headers: Type.Optional(Headers) }, strict),
  Type.Object({
    type: Type.Literal('email'), host: Type.String(), port: Type.Integer({ default: 587 }), secure: Type.Boolean({ default: false }),
    username: Type.Optional(Type.String()), password: Type.Optional(Type.String()), from: Type.String(),
  }, strict),
])
export type Channel = Static<typeof Channel>

export const NotificationConfig = Type.Object({
  channels: Type.Array(Channel, { minItems: 1 }),
  recipients: Type.Array(Type.String(), { default: [] }),
  template: Type.Optional(Type.String({ description: 'a built-in template, a file of the bundle, or one of the plan\'s notifications.templates' })),
  subject: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
  required: Type.Boolean({ default: false, description: 'true: the job fails when a channel does; otherwise it is noted and the release goes on' }),
}, strict)
export type NotificationConfig = Static<typeof NotificationConfig>

export const notification = defineKind({
  name: 'notification', aliases: ['notify'], description: 'Tells people over Slack, e-mail or a webhook',
  schema: NotificationConfig, runsIn: 'activity', acts: false, variables: true, defaultTimeout: '2m',
})

import { Type, type Static } from 'typebox'
import { defineKind } from '../kind.js'
import { strict } from '../schema-parts.js'

export const ConfluenceDocConfig = Type.Object({
  url: Type.Optional(Type.String({ format: 'uri', alsoSpelt: ['baseUrl'], description: 'Confluence\'s own address, with /wiki on Cloud. Left out: the installation\'s (CONFLUENCE_URL), with its login' })),
  user: Type.Optional(Type.String({ minLength: 1, alsoSpelt: ['username', 'email'], description: 'whose API token it is, on Cloud; left out: the token alone logs in (Data Center)' })),
  token: Type.Optional(Type.String({ minLength: 1, secretOnly: true, alsoSpelt: ['apiToken'], description: 'a secret variable' })),
  spaceKey: Type.String({ minLength: 1, alsoSpelt: ['space'] }),
  title: Type.String({ minLength: 1, maxLength: 255, description: 'one page of a space has it: the job makes that page, or changes it' }),
  parentPage: Type.Optional(Type.String({ minLength: 1, alsoSpelt: ['parent'], description: 'title of a page of the same space' })),
  template: Type.Optional(Type.String({ minLength: 1, description: 'a file of the bundle in storage format, or the built-in release-notes. ${NAME} and ${variables.NAME} are filled in as text' })),
  body: Type.Optional(Type.String({ minLength: 1, literal: true, description: 'the page itself, instead of a template' })),
}, strict)
export type ConfluenceDocConfig = Static<typeof ConfluenceDocConfig>

/** One page of a Confluence space as the plan says; the same again makes no new version. */
export const confluenceDoc = defineKind({
  name: 'confluence-doc', aliases: ['confluence'], description: 'Writes a Confluence page, found by its title', schema: ConfluenceDocConfig,
  runsIn: 'activity', snapshot: true, undo: true, variables: true, defaultTimeout: '5m',
  check: ({ url, token, user, template, body }) => [
    ...(url === undefined) !== (token === undefined) ? [{ path: url === undefined ? 'token' : 'url', message: 'url and token go together: the installation\'s own token is for its own Confluence only' }] : [],
    ...user !== undefined && url === undefined ? [{ path: 'user', message: 'user goes with url and token' }] : [],
    ...(template === undefined) === (body === undefined) ? [{ path: '', message: 'needs either a template or a body' }] : [],
  ],
})

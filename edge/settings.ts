import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'

const Port = (value: number, description: string) => Type.Integer({ minimum: 0, maximum: 65_535, default: value, description })
const Ms = (value: number, description: string) => Type.Integer({ minimum: 1, default: value, description })

/** Everything the environment can set for the gateway. */
export const EdgeSettings = Type.Object({
  EDGE_HOST: Type.String({ default: '127.0.0.1', description: 'address the routes\' ports listen on' }),
  EDGE_CONTROL_HOST: Type.String({ default: '127.0.0.1', description: 'address the control port listens on' }),
  EDGE_CONTROL_PORT: Port(8090, 'where routes are set'),
  EDGE_PORT: Port(8000, 'where a route listens that names no port of its own'),
  EDGE_STATE_FILE: Type.String({ default: '.releasectl/edge/state.json', description: 'routes in force, read at start' }),
  EDGE_TOKEN_FILE: Type.String({ default: '.releasectl/edge/token', description: 'bearer token of the control port; made when there is none' }),
  EDGE_TRUST_FORWARDED: Type.Boolean({ default: false, description: 'a proxy in front sets X-Forwarded-*: keep and extend them' }),
  EDGE_UPSTREAM_TIMEOUT_MS: Ms(60_000, 'how long a version may take to begin its answer: then 504'),
  EDGE_IDLE_TIMEOUT_MS: Ms(300_000, 'how long an answer under way may stand still: then it is cut off'),
  EDGE_GRACE_MS: Ms(10_000, 'after SIGTERM, how long open requests may take to end'),
  EDGE_MAX_CONNECTIONS: Type.Integer({ minimum: 1, default: 10_000, description: 'clients connected to one port; more are turned away' }),
})
export type EdgeSettings = Static<typeof EdgeSettings>

/** @throws Error naming every bad setting at once */
export function readEdgeSettings(source: Record<string, string | undefined> = process.env): EdgeSettings {
  const given = Object.fromEntries(Object.keys(EdgeSettings.properties).flatMap((name) => source[name] === undefined ? [] : [[name, source[name]]]))
  const settings = Value.Convert(EdgeSettings, Value.Default(EdgeSettings, given))
  const issues = [...Value.Errors(EdgeSettings, settings)].map((error) => `${error.instancePath.slice(1)}: ${error.message}`)
  if (issues.length > 0) throw new Error(`bad settings: ${issues.join('; ')}`)
  return settings as EdgeSettings
}

import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'

/** Everything the environment can set for the API and the worker. docs/operations.md lists them from here. */
export const Settings = Type.Object({
  DATABASE_URL: Type.String({ minLength: 1, description: 'postgresql://…' }),
  TEMPORAL_ADDRESS: Type.String({ default: '127.0.0.1:7233' }),
  TEMPORAL_NAMESPACE: Type.String({ default: 'default' }),
  TEMPORAL_API_KEY: Type.Optional(Type.String()),
  TEMPORAL_TLS: Type.Boolean({ default: false }),
  RELEASECTL_TASK_QUEUE: Type.String({ default: 'releases' }),
  RELEASECTL_HOME: Type.String({ default: '.releasectl', description: 'where services, scripts and logs of this host live' }),
  RELEASECTL_KEY_FILE: Type.String({ default: '.releasectl/key', description: 'base64 of 32 bytes: seals secrets, signs decisions' }),
  RELEASECTL_DOORS: Type.String({ default: 'api', description: 'doors whose approvals count, comma separated; add temporal to admit the Temporal Web UI' }),
  RELEASECTL_PLAN_ENV: Type.String({ default: '', description: 'names of this process\' environment that plans may read as env.NAME, comma separated' }),
  RELEASECTL_SECRET_FILES: Type.Optional(Type.String({ description: 'folder whose files plans may read as file:/path secrets; left out: none' })),
  RELEASECTL_NOTIFICATIONS: Type.Optional(Type.String({ description: 'YAML file with channels and templates' })),
  RELEASECTL_GATEWAYS: Type.Optional(Type.String({ description: 'YAML file with the gateways of this installation' })),
  RELEASECTL_TOKEN_FILE: Type.Optional(Type.String({ description: 'admin token of the embedded set-up: made on first start' })),
  DOCKER_HOST: Type.String({ default: 'unix:///var/run/docker.sock', description: 'the container engine of jobs that name none and have no target with one' }),
  API_HOST: Type.String({ default: '127.0.0.1' }),
  API_PORT: Type.Integer({ minimum: 0, maximum: 65_535, default: 8080 }),
  EDGE_CONTROL_URL: Type.String({ default: 'http://127.0.0.1:8090' }),
  EDGE_TOKEN_FILE: Type.Optional(Type.String()),
  KUBECONFIG: Type.Optional(Type.String({ description: 'kubeconfig file of the cluster for jobs that name none; left out: the cluster the worker runs in, if any' })),
  PROMETHEUS_URL: Type.Optional(Type.String()),
  CONFLUENCE_URL: Type.Optional(Type.String({ description: 'Confluence of confluence-doc jobs that name none; with /wiki on Cloud' })),
  CONFLUENCE_USER: Type.Optional(Type.String({ description: 'whose API token it is, on Cloud; left out: the token alone logs in' })),
  CONFLUENCE_TOKEN_FILE: Type.Optional(Type.String({ description: 'file with the token' })),
  LOG_LEVEL: Type.Union(['debug', 'info', 'warn', 'error'].map((level) => Type.Literal(level)), { default: 'info' }),
})
export type Settings = Static<typeof Settings>

/** Read the environment once, at start. @throws Error naming every bad setting at once */
export function readSettings(source: Record<string, string | undefined> = process.env): Settings {
  const given = Object.fromEntries(Object.keys(Settings.properties).flatMap((name) => source[name] === undefined ? [] : [[name, source[name]]]))
  const settings = Value.Convert(Settings, Value.Default(Settings, given))
  const issues = [...Value.Errors(Settings, settings)].map((error) => `${error.instancePath.slice(1) || String((error.params as { requiredProperties?: string[] }).requiredProperties)}: ${error.message}`)
  if (issues.length > 0) throw new Error(`bad settings: ${issues.join('; ')}`)
  return settings as Settings
}

/** The values of this process' environment that plans may read. */
export function allowedEnvironment({ RELEASECTL_PLAN_ENV }: Settings, source: Record<string, string | undefined> = process.env): Record<string, string> {
  const names = RELEASECTL_PLAN_ENV.split(',').map((name) => name.trim())
  return Object.fromEntries(names.flatMap((name) => source[name] === undefined ? [] : [[name, source[name]]]))
}

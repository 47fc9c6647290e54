import { Type, type Static } from 'typebox'
import { defineKind } from '../kind.js'
import { Duration, strict } from '../schema-parts.js'

const ScriptText = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 65_536, literal: true, description }))

const Service = {
  service: Type.Optional(Type.String({ minLength: 1, maxLength: 200, pattern: '^[\\w@.:-]+$', alsoSpelt: ['unit', 'name'], description: 'unit or name; default: $APP_NAME, which is the project' })),
  type: Type.Union([Type.Literal('systemd'), Type.Literal('process'), Type.Literal('command')], { default: 'systemd', description: 'systemd: by systemctl on the machine; process: one that start_service starts detached; command: by your own commands' }),
  environment: Type.Record(Type.String(), Type.String(), { default: {} }),
  command: Type.Optional(Type.Array(Type.String(), { minItems: 1, description: 'type process: program and arguments; finds its port in $PORT' })),
  port: Type.Integer({ minimum: 0, maximum: 65_535, default: 0, description: 'type process; 0: a free one' }),
  workDir: Type.Optional(Type.String()),
  startCommand: ScriptText('type command; what it leaves in its process group ends with it'),
  stopCommand: ScriptText('type command'),
  statusCommand: ScriptText('type command: exit code 0 when the service runs'),
  gracefulTimeout: Type.String({ ...Duration, default: '30s', description: 'how long it may take to stop by itself' }),
  forceKill: Type.Boolean({ default: true, description: 'after gracefulTimeout: kill it, or fail' }),
  waitReady: Type.Boolean({ default: false }),
  readyTimeout: Type.String({ ...Duration, default: '60s' }),
  ready: Type.Optional(Type.Object({
    type: Type.Union([Type.Literal('http'), Type.Literal('tcp'), Type.Literal('command')]),
    url: Type.Optional(Type.String({ format: 'uri' })),
    expectedStatus: Type.Integer({ default: 200 }),
    host: Type.String({ default: '127.0.0.1' }),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
    command: ScriptText('exit code 0 when it is ready'),
  }, { ...strict, alsoSpelt: ['probe'], description: 'asked on the machine itself; left out: that it runs is enough' })),
}
export const ServiceConfig = Type.Object(Service, strict)
export type ServiceConfig = Static<typeof ServiceConfig>

function rules(config: ServiceConfig, needs: 'startCommand' | 'stopCommand'): { path: string; message: string }[] {
  const { type, ready, forceKill } = config
  return [
    ...type === 'command' && config[needs] === undefined ? [{ path: needs, message: `type command needs ${needs}` }] : [],
    ...type === 'process' && needs === 'startCommand' && config.command === undefined ? [{ path: 'command', message: 'type process needs command' }] : [],
    ...type === 'process' && !forceKill ? [{ path: 'forceKill', message: 'a process is killed after its gracefulTimeout: forceKill false is for systemd' }] : [],
    ...ready?.type === 'http' && ready.url === undefined ? [{ path: 'ready.url', message: 'type http needs url' }] : [],
    ...ready?.type === 'tcp' && ready.port === undefined ? [{ path: 'ready.port', message: 'type tcp needs port' }] : [],
    ...ready?.type === 'command' && ready.command === undefined ? [{ path: 'ready.command', message: 'type command needs command' }] : [],
  ]
}
const named = ({ service = 'the service' }: ServiceConfig): string => service

/** Have a service run; taken back, it is as it was. */
export const startService = defineKind({
  name: 'start_service', description: 'Starts a service of the machine and waits until it is ready', schema: ServiceConfig, runsIn: 'activity', actsOn: 'machine', snapshot: true, undo: true, variables: true, defaultTimeout: '10m',
  check: (config) => rules(config, 'startCommand'), explain: (config) => ({ does: [`starts ${named(config)} (${config.type})`], undoes: [`the start of ${named(config)}`] }),
})
/** Have a service stand still; taken back, it is as it was. */
export const stopService = defineKind({
  name: 'stop_service', description: 'Stops a service of the machine, by force if it must', schema: ServiceConfig, runsIn: 'activity', actsOn: 'machine', snapshot: true, undo: true, variables: true, defaultTimeout: '10m',
  check: (config) => rules(config, 'stopCommand'), explain: (config) => ({ does: [`stops ${named(config)} (${config.type})`], undoes: [`the stop of ${named(config)}`] }),
})

import { Type, type Static } from 'typebox'
import { durationMs, formatDuration } from '../../domain/duration.js'
import { defineKind } from '../kind.js'
import { Duration, strict } from '../schema-parts.js'

const ScriptText = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 65_536, literal: true, description }))
const TIMEOUTS = { install: '600s', update: '300s', rollback: '180s', uninstall: '120s' } as const
export type ScriptOperation = keyof typeof TIMEOUTS
/** How a config calls the script of each operation. */
export const SCRIPT_OF = { install: 'installScript', update: 'updateScript', rollback: 'rollbackScript', uninstall: 'uninstallScript' } as const
const spelt = (operation: ScriptOperation): string => `${operation}_script`

export const ScriptConfig = Type.Object({
  script: ScriptText('the text, or a file of the bundle (./run_tests.sh). Never interpolated: variables reach it as environment variables'),
  interpreter: Type.String({ default: '/bin/bash' }),
  workDir: Type.Optional(Type.String({ description: 'where it runs. install_script and rollback_script: made when it is not there' })),
  environment: Type.Record(Type.String(), Type.String(), { default: {} }),
  rollbackScript: ScriptText('run when the release is taken back, or by operation rollback: finds in $ROLLBACK_VERSION the version to go back to'),
  outputs: Type.Optional(Type.Array(Type.String(), { description: 'names the script writes to $RELEASECTL_OUTPUT as name=value lines' })),
  operation: Type.Optional(Type.Union([Type.Literal('auto'), Type.Literal('install'), Type.Literal('update'), Type.Literal('rollback'), Type.Literal('uninstall')], { description: 'instead of script: which of the four below runs. auto (default): install where nothing is installed, else update' })),
  installScript: ScriptText('run where the application is not installed'),
  updateScript: ScriptText('run where it is'),
  uninstallScript: ScriptText('takes the application off the machine; also the undo of its first install'),
  timeouts: Type.Optional(Type.Object({
    install: Type.Optional(Duration), update: Type.Optional(Duration), rollback: Type.Optional(Duration), uninstall: Type.Optional(Duration),
  }, { ...strict, description: 'of each operation; default 10m, 5m, 3m, 2m' })),
  app: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'what is installed; default: $APP_NAME, which is the project' })),
  version: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'what is installed, or with operation rollback gone back to; default: $APP_VERSION, which is the release\'s, or the version before' })),
  artifactUrl: Type.Optional(Type.String({ description: '$ARTIFACT_URL' })),
  backupDir: Type.Optional(Type.String({ description: '$BACKUP_DIR; default: the variable of that name, else backups in stateDir' })),
  keepData: Type.Optional(Type.Boolean({ description: '$KEEP_DATA; default true' })),
  skipChecks: Type.Optional(Type.Boolean({ description: 'operation rollback: also to a version that was never recorded here' })),
  stateDir: Type.Optional(Type.String({ minLength: 1, description: 'where the machine keeps what is installed on it; default: /var/lib/releasectl, for others than root ~/.local/state/releasectl' })),
}, strict)
export type ScriptConfig = Static<typeof ScriptConfig>

/** Does it install something by the four operations, or is it just a script? */
export const installs = ({ script }: Pick<ScriptConfig, 'script'>): boolean => script === undefined
export const operationTimeoutMs = ({ timeouts }: Pick<ScriptConfig, 'timeouts'>, operation: ScriptOperation): number => durationMs(timeouts?.[operation] ?? TIMEOUTS[operation])

/** Run a script, or install, update, roll back or uninstall an application by scripts. */
export const script = defineKind({
  name: 'script',
  description: 'Runs a script; its output streams to the release\'s log',
  schema: ScriptConfig,
  runsIn: 'activity',
  actsOn: 'machine',
  snapshot: true,
  needsSnapshot: installs,
  undo: true,
  needsUndo: (config) => installs(config) ? !['rollback', 'uninstall'].includes(config.operation ?? 'auto') : config.rollbackScript !== undefined,
  variables: true,
  defaultTimeout: '10m',
  /** What looks and records before and after takes its time too. */
  timeoutFor: (config) => installs(config) ? formatDuration(60_000 + Math.max(...possible(config).map((operation) => operationTimeoutMs(config, operation)))) : '10m',
  check: (config) => installs(config) ? operationRules(config) : scriptRules(config),
  explain: (config) => installs(config)
    ? { does: [`runs ${possible(config).map(spelt).join(' or ')}${possible(config).length > 1 ? ', by what is installed' : ''}`], undoes: undoLines(config) }
    : null,
})

const possible = ({ operation = 'auto', installScript, updateScript }: ScriptConfig): ScriptOperation[] =>
  operation !== 'auto' ? [operation] : [...installScript === undefined ? [] : ['install' as const], ...updateScript === undefined ? [] : ['update' as const]]

function undoLines({ rollbackScript, uninstallScript }: ScriptConfig): string[] {
  return [`the update, ${rollbackScript === undefined ? 'by hand: there is no rollback_script' : 'by rollback_script'}; a first install, by ${uninstallScript !== undefined ? 'uninstall_script' : rollbackScript !== undefined ? 'rollback_script' : 'hand'}`]
}

function scriptRules(config: ScriptConfig): { path: string; message: string }[] {
  const others = (['operation', 'installScript', 'updateScript', 'uninstallScript'] as const).filter((name) => config[name] !== undefined)
  return others.map((path) => ({ path, message: 'script stands alone: it has no operations' }))
}

function operationRules(config: ScriptConfig): { path: string; message: string }[] {
  const { operation = 'auto' } = config
  if (operation === 'auto') return possible(config).length > 0 ? [] : [{ path: '', message: 'needs script, or install_script and update_script' }]
  return config[SCRIPT_OF[operation]] === undefined ? [{ path: 'operation', message: `operation ${operation} needs ${spelt(operation)}` }] : []
}

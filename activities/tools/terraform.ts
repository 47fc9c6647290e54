import { durationMs } from '../../domain/duration.js'
import { isObject, type Json, type JsonObject } from '../../domain/json.js'
import type { Change } from '../../domain/change.js'
import { shellLine, shellWord } from './shell.js'

/** What the commands of one run are built from. `temp`: a folder of its own; plan, variables and backend settings lie in it. */
export interface TerraformRun { temp: string; workspace?: string | undefined; varFiles: readonly string[]; lockTimeout: string; hasBackendConfig: boolean }

/** Exit codes of the script, by what said no. */
export const STEPS: Record<number, string> = { 11: 'init', 12: 'workspace', 13: 'plan', 14: 'apply', 15: 'output', 16: 'the lock of the folder', 125: 'putting its files in place' }
/** Does a step with that exit code change nothing, so that it may be run again? */
export const isRead = (exitCode: number): boolean => [11, 12, 13, 15].includes(exitCode)
/** Exit code when an earlier apply could not save its state: what it made is in no state, so neither an apply nor a destroy would know of it. */
export const UNSAVED = 17
export const mustBeSaved = [`[ ! -e errored.tfstate ] || { echo "$PWD/errored.tfstate" >&2; exit ${UNSAVED}; }`]
const QUIET = ['-input=false', '-no-color']

export const initCommand = ({ temp, hasBackendConfig }: TerraformRun): string[] => ['init', ...QUIET, '-reconfigure', ...hasBackendConfig ? [`-backend-config=${temp}/backend.tfbackend`] : []]
export const workspaceCommand = (workspace: string): string[] => ['workspace', 'select', '-no-color', '-or-create=true', workspace]
export const planCommand = ({ temp, varFiles, lockTimeout }: TerraformRun, destroy = false): string[] => [
  'plan', ...QUIET, '-detailed-exitcode', `-lock-timeout=${Math.ceil(durationMs(lockTimeout) / 1000)}s`, `-out=${temp}/plan`,
  ...varFiles.map((file) => `-var-file=${file}`), `-var-file=${temp}/variables.tfvars.json`, ...destroy ? ['-destroy'] : [],
]
export const applyCommand = ({ temp, lockTimeout }: TerraformRun): string[] => ['apply', ...QUIET, `-lock-timeout=${Math.ceil(durationMs(lockTimeout) / 1000)}s`, `${temp}/plan`]

/** `$tool`: the program. 127 when there is none. */
export function findTool(tool: string): string[] {
  const wanted = tool === 'auto' ? ['terraform', 'tofu'] : [tool]
  return [`tool=$(${wanted.map((name) => `command -v ${shellWord(name)}`).join(' || ')}) || { echo ${shellWord(`${wanted.join(' and ')}: not found`)} >&2; exit 127; }`]
}

/** Ready to plan. What it says goes to stderr: stdout is for answers. */
export const prepareLines = (run: TerraformRun): string[] => [
  'export TF_IN_AUTOMATION=1',
  `"$tool" ${shellLine(initCommand(run))} >&2 || exit 11`,
  ...run.workspace === undefined ? [] : [`"$tool" ${shellLine(workspaceCommand(run.workspace))} >&2 || exit 12`],
]

/** Plan; what it comes to is in `$planned`: 0 nothing to do, 2 changes. */
export const planLines = (run: TerraformRun, destroy = false): string[] => [
  `planned=0; "$tool" ${shellLine(planCommand(run, destroy))} >&2 || planned=$?`,
  '[ "$planned" = 0 ] || [ "$planned" = 2 ] || exit 13',
]
export const applyLines = (run: TerraformRun): string[] => [`[ "$planned" = 0 ] || "$tool" ${shellLine(applyCommand(run))} >&2 || exit 14`]

interface Output { sensitive?: boolean; value?: Json }
/** `output -json` as a job's outputs. A sensitive one keeps its name only. */
export function outputsOf(json: string): JsonObject {
  const outputs = JSON.parse(json || '{}') as Record<string, Output>
  return Object.fromEntries(Object.entries(outputs).map(([name, { sensitive, value }]) => [name, sensitive === true ? '(sensitive)' : value ?? null]))
}

/** From what `apply` and `destroy` say at their end; null when they had nothing to do. */
export function counted(said: string): { added: number; changed: number; destroyed: number } | null {
  const apply = /Resources: (?:\d+ imported, )?(\d+) added, (\d+) changed, (\d+) destroyed/.exec(said)
  return apply && { added: Number(apply[1]), changed: Number(apply[2]), destroyed: Number(apply[3]) }
}

interface ResourceChange { address?: string; change?: { actions?: string[]; before?: unknown; after?: unknown } }
/** `show -json` of a plan, by resource. Names of attributes only: values may be secrets. */
export function changesOf(json: string): Change[] {
  const { resource_changes: changes = [] } = JSON.parse(json) as { resource_changes?: ResourceChange[] }
  return changes.flatMap(({ address = '', change = {} }) => {
    const actions = (change.actions ?? []).filter((action) => action !== 'no-op' && action !== 'read')
    if (actions.length === 0) return []
    const isReplaced = actions.length > 1
    const action = isReplaced ? 'update' : actions[0] === 'create' || actions[0] === 'delete' ? actions[0] : 'update'
    const names = isObject(change.before) && isObject(change.after) ? differing(change.before, change.after) : ''
    return [{ what: address, action, before: action === 'create' ? null : 'in the state', after: action === 'delete' ? null : `${isReplaced ? 'made anew' : action === 'create' ? 'new' : 'changed'}${names}` }]
  })
}

function differing(before: Record<string, unknown>, after: Record<string, unknown>): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
  return names.length > 0 ? `: ${names.join(', ')}` : ''
}

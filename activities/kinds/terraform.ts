import { failure } from '../../domain/failures.js'
import type { OutputChunk, ScriptResult } from '../../drivers/hosts/port.js'
import type { TerraformConfig } from '../../plan/kinds/terraform.js'
import type { JobContext, KindRunner } from '../kind-runner.js'
import { deliveryLines } from '../tools/delivery.js'
import { lastWords, roundName, roundOf, runTool, saysUnanswered, settleTool, toolTemp, unanswered } from '../tools/run-tool.js'
import { shellWord } from '../tools/shell.js'
import { applyLines, changesOf, counted, findTool, isRead, mustBeSaved, outputsOf, planLines, prepareLines, STEPS, UNSAVED, type TerraformRun } from '../tools/terraform.js'
import { WithholdState, withoutState } from '../tools/withhold-state.js'

/** `previous`: what was applied before, packed (its files and variables); null: nobody here knows. */
interface Before { resources: number; previous: string | null }
const HAS_BACKEND = /^\s*(?:backend\s+"|cloud\s*\{)/m
const OUTPUT_BYTES = 60_000

export const terraformRunner: KindRunner<TerraformConfig> = {
  /** How much there is, and what made it: kept beside the state by the apply before (`.releasectl`). */
  async snapshot(config, context) {
    const lines = [
      '"$tool" state list > "$tool_temp/list" 2>> "$tool_temp/said" || { grep -q "No state file" "$tool_temp/said" || { cat "$tool_temp/said" >&2; exit 15; }; }',
      'printf \'resources=%s\\n\' "$(grep -c . "$tool_temp/list")" > "$RELEASECTL_OUTPUT"',
      '[ ! -d .releasectl/applied ] || tar -C .releasectl/applied -czf - . | base64',
    ]
    const { result, stdout } = await terraform('snapshot', config, context, lines)
    return { resources: Number(result.outputs['resources'] ?? 0), previous: stdout.trim() || null } satisfies Before
  },

  /** @throws CHECK_FAILED with the step that said no; TARGET_REFUSED when the state stayed locked; CONFIG_INVALID */
  async execute(config, context) {
    const run = runOf(config, context, 'apply')
    const { result } = await terraform('apply', config, context, [
      ...mustBeSaved, ...planLines(run), ...applyLines(run), ...recordLines(config, run),
      '"$tool" output -json -no-color > "$tool_temp/outputs" || exit 15',
      `if [ "$(wc -c < "$tool_temp/outputs")" -lt ${OUTPUT_BYTES} ]; then { echo 'outputs<<END'; cat "$tool_temp/outputs"; echo; echo END; } > "$RELEASECTL_OUTPUT"; else echo 'too_large=1' > "$RELEASECTL_OUTPUT"; fi`,
    ])
    const resources = counted(result.stderr) ?? { added: 0, changed: 0, destroyed: 0 }
    const { added, changed, destroyed } = resources
    const isLarge = result.outputs['too_large'] === '1'
    return {
      outputs: { ...outputsOf(result.outputs['outputs'] ?? ''), resources },
      message: `${added} added, ${changed} changed, ${destroyed} destroyed${isLarge ? `; its outputs are over ${OUTPUT_BYTES} bytes and left out` : ''}`, artifacts: [],
    }
  },

  /** @throws TARGET_REFUSED when there was something before and nobody here knows what made it */
  async rollback(config, snapshot, context) {
    const { resources, previous } = snapshot as unknown as Before
    await settleTool({ step: 'apply' }, context)
    const run = runOf(config, context, 'rollback')
    if (config.rollback === 'destroy' || resources === 0) {
      await terraform('rollback', config, context, [...mustBeSaved, ...planLines(run, true), ...applyLines(run), 'rm -rf .releasectl/applied'])
      return
    }
    if (previous === null) throw failure('TARGET_REFUSED', `the state held ${resources} resources before, and no earlier configuration is known on this machine: apply the one that was by hand`)
    await terraform('rollback', config, context, [...mustBeSaved, ...planLines(run), ...applyLines(run), 'rm -rf .releasectl/applied && mv .releasectl/restored .releasectl/applied'], [
      'rm -rf .releasectl/restored; mkdir -p .releasectl/restored || exit 125',
      'base64 -d <<\'END\' | tar -C .releasectl/restored -xzf - || exit 125', ...previous.split('\n'), 'END',
      'cp .releasectl/restored/variables.tfvars.json "$tool_temp/variables.tfvars.json" || exit 125',
      ...config.source === undefined ? [] : [...FORGET, 'cp -R .releasectl/restored/files/. . && (cd .releasectl/restored/files && find . -type f) > .releasectl/files || exit 125'],
    ])
  },

  async preview(config, context) {
    const run = runOf(config, context, 'preview')
    const { stdout } = await terraform('preview', config, context, [...planLines(run), `"$tool" show -json -no-color ${shellWord(`${run.temp}/plan`)} || exit 13`])
    const changes = changesOf(stdout)
    return changes.length > 0 ? changes : [{ what: `terraform ${config.source ?? config.workDir ?? ''}`, action: 'none', before: 'as planned', after: 'as planned' }]
  },
}

/** Files that were delivered before and are in this delivery no more must not be part of the configuration. */
const FORGET = ['if [ -f .releasectl/files ]; then while IFS= read -r file; do rm -f -- "$file"; done < .releasectl/files; fi']

const runOf = ({ workspace, varFiles, lockTimeout, backendConfig }: TerraformConfig, context: JobContext, step: string): TerraformRun =>
  ({ temp: toolTemp(context, roundName(step, roundOf(context))), workspace, varFiles, lockTimeout, hasBackendConfig: Object.keys(backendConfig).length > 0 })

/**
 * One run of it: in its folder, alone there, configuration and variables in place. `place`: instead of the bundle's files.
 * @throws TARGET_UNREACHABLE when what it only reads did not answer; TARGET_REFUSED when the state is locked or was not saved; CHECK_FAILED
 */
async function terraform(step: string, config: TerraformConfig, context: JobContext, lines: string[], place?: string[]): Promise<{ result: ScriptResult; stdout: string }> {
  const run = runOf(config, context, step)
  const stdout = new Map<number, string>()
  const stderr = new WithholdState(({ stream, offset, text }) => { context.log(stream, offset, text) })
  const output = (chunk: OutputChunk): void => { if (chunk.stream === 'stdout') stdout.set(chunk.offset, chunk.text); else stderr.take(chunk) }
  const seconds = Math.ceil(context.timeoutMs / 1000)
  const backend = Object.entries(config.backendConfig).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`).join('').replaceAll('${', '$${').replaceAll('%{', '%%{')
  const result = await runTool({
    step: roundName(step, roundOf(context)), output, environment: config.environment,
    secretFiles: { 'variables.tfvars.json': JSON.stringify(config.variables), ...(run.hasBackendConfig && { 'backend.tfbackend': backend }) },
    lines: [
      ...folderLines(config, context), 'mkdir -p -m 700 .releasectl || exit 125',
      `if command -v flock > /dev/null; then exec 9> .releasectl/lock; flock -w ${seconds} 9 || exit 16; fi`,
      ...place ?? await sourceLines(config, context), ...findTool(config.tool), ...prepareLines(run), ...lines,
    ],
  }, context)
  const text = [...stdout].sort(([a], [b]) => a - b).map(([, part]) => part).join('')
  if (result.exitCode === 0) return { result, stdout: text }
  const said = lastWords({ stdout: '', stderr: withoutState(result.stderr, result.truncated) }, 20)
  const isLock = /Error acquiring the state lock/.test(result.stderr)
  if ((isLock || isRead(result.exitCode)) && saysUnanswered(said)) throw unanswered(`terraform ${STEPS[result.exitCode] ?? step}: its backend did not answer:\n${said}`, context)
  if (isLock && !/no space left on device/i.test(said)) throw failure('TARGET_REFUSED', `the state is locked by somebody else, for longer than ${config.lockTimeout}:\n${said}`)
  if (result.exitCode === UNSAVED) throw failure('TARGET_REFUSED', `an apply before could not save its state: what it made is in none. Push ${lastWords(result, 1)} (when it is empty, the machine's own record of that run has its text), take the file away and try again`)
  throw failure('CHECK_FAILED', `terraform ${STEPS[result.exitCode] ?? `(exit code ${result.exitCode})`} failed:\n${said}`)
}

/** The plan's folder, else one of the machine's user, the same for every release of this job. */
function folderLines({ workDir }: TerraformConfig, { call: { release, job } }: JobContext): string[] {
  if (workDir !== undefined) return [`mkdir -p ${shellWord(workDir)} && cd ${shellWord(workDir)} || exit 125`]
  const name = [release.tenant, release.project, release.environment, job].map((part) => encodeURIComponent(part)).join('/')
  return [`folder="\${XDG_STATE_HOME:-\${HOME:-/var/lib}/.local/state}"/releasectl/terraform/${shellWord(name)}; mkdir -p -m 700 "$folder" && cd "$folder" || exit 125`]
}

/** @throws CONFIG_INVALID when there is no such folder, or the state would lie where nobody finds it again */
async function sourceLines({ source, workDir }: TerraformConfig, context: JobContext): Promise<string[]> {
  if (source === undefined) return []
  const files = await context.bundleFolder(source)
  if (Object.keys(files).length === 0 || '' in files) throw failure('CONFIG_INVALID', `the bundle has no folder ${source}`)
  const isKept = workDir !== undefined || Object.entries(files).some(([path, text]) => /\.(?:tf|tofu)(?:\.json)?$/.test(path) && (HAS_BACKEND.test(text) || /"(?:backend|cloud)"\s*:/.test(text)))
  if (!isKept) throw failure('CONFIG_INVALID', `${source} names no backend: say by workDir where on the machine its state shall lie, or it would be on whichever worker has run it`)
  return [...FORGET, ...deliveryLines(files, '.'), ...deliveryLines({ files: `${Object.keys(files).join('\n')}\n` }, '.releasectl')]
}

/** For the next release's rollback: what has been applied, beside the state, for this user only. */
const recordLines = ({ source }: TerraformConfig, { temp }: TerraformRun): string[] => [
  'umask 077; rm -rf .releasectl/next; mkdir -p .releasectl/next/files || exit 125',
  `cp ${shellWord(`${temp}/variables.tfvars.json`)} .releasectl/next/variables.tfvars.json || exit 125`,
  ...source === undefined ? [] : ['tar -cf - -T .releasectl/files | tar -C .releasectl/next/files -xf - || exit 125'],
  'rm -rf .releasectl/applied && mv .releasectl/next .releasectl/applied || exit 125; umask "$tool_umask"',
]

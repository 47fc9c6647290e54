import { posix } from 'node:path'
import { failure } from '../../domain/failures.js'
import type { OutputChunk } from '../../drivers/hosts/port.js'
import type { AnsibleConfig } from '../../plan/kinds/ansible.js'
import type { JobContext, KindRunner } from '../kind-runner.js'
import { changesOf, ENVIRONMENT, fatalLines, inventoryOf, inventoryOfTarget, playbookCommand, readRecap, type HostRecap } from '../tools/ansible.js'
import { deliveryLines } from '../tools/delivery.js'
import { lastWords, roundName, roundOf, runTool, settleTool, toolTemp, unanswered } from '../tools/run-tool.js'
import { shellLine } from '../tools/shell.js'

type Step = 'playbook' | 'rollback playbook' | 'check'

export const ansibleRunner: KindRunner<AnsibleConfig> = {
  /** @throws CHECK_FAILED when a host failed, none was there, or it did not start; TARGET_UNREACHABLE when hosts did not answer: then it runs again */
  async execute(config, context) {
    const { recap } = await play('playbook', config.playbook, config, context)
    const changed = [...recap].filter(([, host]) => host.changed > 0).map(([name]) => name)
    return {
      outputs: { hosts: Object.fromEntries([...recap].map(([name, host]) => [name, { ...host }])), changed },
      message: `${recap.size} ${recap.size === 1 ? 'host' : 'hosts'} ok, ${changed.length} changed`, artifacts: [],
    }
  },

  async rollback(config, _snapshot, context) {
    await settleTool({ step: 'playbook', on: 'worker' }, context)
    if (config.rollbackPlaybook !== undefined) await play('rollback playbook', config.rollbackPlaybook, config, context)
  },

  async preview(config, context) {
    const { recap, stdout } = await play('check', config.playbook, config, context)
    return changesOf(context.redact(stdout), recap)
  },
}

async function play(step: Step, playbook: string, config: AnsibleConfig, context: JobContext): Promise<{ recap: Map<string, HostRecap>; stdout: string }> {
  const name = roundName(step, roundOf(context))
  const temp = toolTemp(context, name)
  const files = await filesOf(playbook, config, context)
  const command = playbookCommand({ ...config, temp, playbook: plain(playbook), check: step === 'check', hasKey: config.privateKey !== undefined, hasKnownHosts: config.knownHosts !== undefined, hasVault: config.vaultPassword !== undefined })
  const chunks = new Map<number, string>()
  const output = (chunk: OutputChunk): void => {
    if (chunk.stream === 'stdout') chunks.set(chunk.offset, chunk.text)
    context.log(chunk.stream, chunk.offset, chunk.text)
  }
  const result = await runTool({
    step: name, on: 'worker', environment: { ...ENVIRONMENT, ...config.environment }, output,
    secretFiles: {
      'inventory': await inventoryFor(config, context), 'variables.json': JSON.stringify(config.variables),
      ...(config.privateKey !== undefined && { key: `${config.privateKey.trimEnd()}\n` }), ...(config.vaultPassword !== undefined && { vault: config.vaultPassword }),
      ...(config.knownHosts !== undefined && { known_hosts: `${config.knownHosts.trimEnd()}\n` }),
    },
    lines: [...deliveryLines(files, '.'), 'export ANSIBLE_LOCAL_TEMP="$tool_temp/ansible"', shellLine(command)],
  }, context)
  const stdout = [...chunks].sort(([a], [b]) => a - b).map(([, text]) => text).join('')
  const recap = readRecap(result.stdout)
  if (recap === null) throw failure('CHECK_FAILED', `${step} ${playbook} did not run (exit code ${result.exitCode}):\n${lastWords({ stdout: result.stdout, stderr: result.stderr })}`)
  if (step !== 'check') mustBeGood(step, playbook, recap, { result, context })
  return { recap, stdout }
}

function mustBeGood(step: Step, playbook: string, recap: Map<string, HostRecap>, { result, context }: { result: { exitCode: number; stdout: string }; context: JobContext }): void {
  const named = (what: 'failed' | 'unreachable'): string => [...recap].filter(([, host]) => host[what] > 0).map(([name]) => name).join(', ')
  const why = fatalLines(result.stdout).map((line) => `\n${line}`).join('')
  if (recap.size === 0) throw failure('CHECK_FAILED', `${step} ${playbook}: no host of the inventory matched`)
  if (named('failed') !== '') throw failure('CHECK_FAILED', `${step} ${playbook} failed on ${named('failed')}${named('unreachable') !== '' ? `, and did not reach ${named('unreachable')}` : ''}:${why}`)
  if (named('unreachable') !== '') throw unanswered(`${step} ${playbook} did not reach ${named('unreachable')}:${why}`, context)
  if (result.exitCode !== 0) throw failure('CHECK_FAILED', `${step} ${playbook} ended with exit code ${result.exitCode}`)
}

/** @throws CONFIG_INVALID when the bundle lacks the playbook */
async function filesOf(playbook: string, { source }: AnsibleConfig, context: JobContext): Promise<Record<string, string>> {
  const path = plain(playbook)
  const own = await context.bundleFile(path)
  if (own === null) throw failure('CONFIG_INVALID', `the bundle has no playbook ${playbook}`)
  const root = plain(source ?? posix.dirname(path))
  const beside = Object.entries(await context.bundleFolder(root)).filter(([name]) => name !== '').map(([name, text]) => [posix.join(root, name), text])
  return { ...Object.fromEntries(beside) as Record<string, string>, [path]: own }
}

/** @throws CONFIG_INVALID when nothing says on which hosts */
async function inventoryFor({ inventory }: AnsibleConfig, context: JobContext): Promise<string> {
  const { target } = context
  if (inventory === undefined) {
    if (target === null) throw failure('CONFIG_INVALID', 'on which hosts? The job has no inventory, and its stage no targets')
    return inventoryOfTarget(target)
  }
  if (typeof inventory !== 'string') return inventoryOf(inventory)
  const file = /\s/.test(inventory.trim()) ? null : await context.bundleFile(inventory.trim())
  return file ?? `${inventory}\n`
}

const plain = (path: string): string => posix.normalize(path).replace(/^(?:\.\/)+|\/+$/g, '')

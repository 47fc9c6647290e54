import { randomBytes } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Info } from '@temporalio/activity'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import type { JobCall, SealedSnapshot } from '../../activities/contract.js'
import { placesOn } from '../../activities/places.js'
import { createPluginActivities } from '../../activities/plugins.js'
import { InstallationKey } from '../../config/key.js'
import { failure } from '../../domain/failures.js'
import type { JsonObject } from '../../domain/json.js'
import { LocalHost } from '../../drivers/hosts/local.js'
import { InstalledPlugins } from '../../plugins/installed.js'
import { callOf, MemoryLog, SECRETS } from '../activities/kind-world.js'

export const EXAMPLE = fileURLToPath(new URL('../../examples/plugins/maintenance-page/', import.meta.url))
export const newHome = async (): Promise<string> => mkdtemp(join(tmpdir(), 'releasectl-home-'))

/** A plugin of one file. @param parts its `execute` and others, as text */
export async function pluginFile(name: string, parts: string, { version = '1.0.0', schema = '{ type: "object", properties: { n: { type: "number", default: 1 }, secret: { type: "string" } } }' } = {}): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'releasectl-plugin-')), `${name}.mjs`)
  await writeFile(file, `import { definePlugin, pluginFailure } from 'releasectl/plugin'\nexport const plugin = definePlugin({ name: '${name}', description: 'for a test', version: '${version}', configSchema: ${schema},\n${parts} })\n`)
  return file
}

/** The activities of plugins under a home, as a worker has them. */
export function pluginWorld(home: string, files: Record<string, string> = {}) {
  const logs = new MemoryLog()
  const activities = createPluginActivities({
    plugins: new InstalledPlugins(home), places: placesOn(new LocalHost({ home })), logs, key: new InstallationKey(randomBytes(32)),
    snapshots: { save: async () => 'digest', find: async () => null }, bundles: { find: async () => ({ files }) },
    resolveSecret: async (reference) => SECRETS[reference] ?? Promise.reject(failure('SECRET_MISSING', `no secret ${reference}`)),
  })
  const environment = (part: string, more: Partial<Info> = {}): MockActivityEnvironment =>
    new MockActivityEnvironment({ activityType: part, startToCloseTimeoutMs: 90_000, heartbeatTimeoutMs: 900, ...more }, { logger: new DefaultLogger('ERROR') })
  const run = async <Result>(part: string, input: unknown, env: MockActivityEnvironment): Promise<Result> => await env.run(async (given: never): Promise<Result> => await activities.default(given) as Result, input as never)
  return {
    logs, environment,
    snapshot: async (call: JobCall) => run<SealedSnapshot>('snapshot', call, environment(`${call.kind}.snapshot`)),
    execute: async (call: JobCall, env = environment(`${call.kind}.execute`)) => run<{ outputs: JsonObject; message: string; artifacts: object[] }>('execute', call, env),
    rollback: async (call: JobCall, snapshot: SealedSnapshot | null) => run<undefined>('rollback', { call, snapshot }, environment(`${call.kind}.rollback`)),
    preview: async (call: JobCall) => run<object[]>('preview', call, environment(`${call.kind}.preview`)),
  }
}
export const pluginCall = (name: string, config: JsonObject = {}, more: Partial<JobCall> = {}): JobCall => callOf(`plugin.${name}`, config, more)

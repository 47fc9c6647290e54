import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { JobCall } from '../../activities/contract.js'
import { planOf } from '../plan/compiling.js'
import { textOf } from '../contract/hosts.js'
import { callOf, kindWorld } from './kind-world.js'

const EXAMPLE = await readFile(new URL('../plan/spec-3-2-1.yaml', import.meta.url), 'utf8')

/**
 * A stand-in for systemctl: test machines run no systemd. It keeps which units are enabled and active in files, and
 * starts a unit by running its ExecStart once: that must end well. All else of the example is real.
 */
const SYSTEMCTL = `#!/bin/bash
state=$(dirname "$0")/units; mkdir -p "$state"
unit=\${@: -1}
case $1 in
  start) if "$(sed -n 's/^ExecStart=//p' "/etc/systemd/system/$unit.service")"; then touch "$state/$unit.active"; else rm -f "$state/$unit.active"; fi ;;
  stop) rm -f "$state/$unit.active" ;;
  is-active) [ -e "$state/$unit.active" ] ;;
  enable) touch "$state/$unit.enabled" ;;
  disable) rm -f "$state/$unit.enabled" ;;
esac
`

test('spec 2 §3.2.1 as it is written: installs, updates, goes back from a version that does not start, uninstalls', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'releasectl-spec-'))
  const app = `example-${Date.now().toString(36)}`
  const workDir = `/opt/apps/${app}`
  const unit = `/etc/systemd/system/${app}.service`
  const world = await kindWorld()
  await mkdir(join(folder, 'bin'))
  await writeFile(join(folder, 'bin/systemctl'), SYSTEMCTL)
  await chmod(join(folder, 'bin/systemctl'), 0o755)
  const artifact = async (version: string, exitCode: number): Promise<string> => {
    const root = join(folder, version)
    await mkdir(join(root, 'bin'), { recursive: true })
    await mkdir(join(root, 'conf'))
    await writeFile(join(root, 'bin', app), `#!/bin/sh\n# ${version}\nexit ${exitCode}\n`)
    await chmod(join(root, 'bin', app), 0o755)
    await writeFile(join(root, 'conf/prod.yaml'), `version: ${version}\n`)
    execFileSync('tar', ['-czf', `${root}.tar.gz`, '-C', root, 'bin', 'conf'])
    return `file://${root}.tar.gz`
  }
  const callFor = async (version: string, exitCode = 0): Promise<JobCall> => {
    const project = { APP_NAME: app, APP_PORT: 8080, APP_USER: 'root', BACKUP_DIR: join(folder, 'backup'), ARTIFACT_URL: await artifact(version, exitCode), PATH: `${folder}/bin:/usr/bin:/bin` }
    const plan = planOf(`${EXAMPLE}pipeline: { release: [{ name: deploy, type: deploy, config: { state_dir: ${folder}/state } }] }\n`, {}, {
      layers: { system: {}, project, environment: {}, release: {}, runTime: {} }, environmentName: 'prod', release: { id: 'r', version, user: 'ann', time: '2026-01-01T00:00:00Z', project: 'shop' },
    })
    const job = plan.stages[0]?.jobs[0]
    const call = callOf('script', job?.config ?? {}, { variables: job?.variables ?? {} })
    return { ...call, release: { ...call.release, version, environment: 'prod' } }
  }
  const binary = async (): Promise<string> => textOf(join(workDir, 'bin', app))
  try {
    expect((await world.execute(await callFor('1.2.1'))).outputs).toMatchObject({ installed: { version: '1.2.1', previousVersion: null, operation: 'install' } })
    expect(await textOf(join(workDir, 'conf/app.yaml'))).toBe('version: 1.2.1\n')
    expect(await textOf(unit)).toContain(`ExecStart=${workDir}/bin/${app}`)
    expect((await readdir(join(folder, 'bin/units'))).sort()).toEqual([`${app}.active`, `${app}.enabled`])

    const next = await callFor('1.2.2')
    expect((await world.execute(next)).outputs).toMatchObject({ installed: { version: '1.2.2', previousVersion: '1.2.1', operation: 'update' } })
    expect(await binary()).toContain('# 1.2.2')

    const bad = await callFor('1.2.3', 1)
    const snapshot = await world.snapshot(bad)
    await expect(world.execute(bad)).rejects.toMatchObject({ type: 'CHECK_FAILED', message: expect.stringContaining('Service failed to start, rolling back...') as string })
    await world.rollback({ call: bad, snapshot })
    expect(await binary()).toContain('# 1.2.2')
    expect(world.logs.text('stdout')).toContain('Rolling back')

    const gone = await world.uninstall(next)
    expect(gone.outputs).toMatchObject({ installed: { version: null, previousVersion: '1.2.2', operation: 'uninstall' } })
    await expect(readdir(workDir)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await textOf(unit)).toBe('')
    expect(execFileSync('find', [join(folder, 'backup', app), '-path', '*uninstall_*/conf/app.yaml'], { encoding: 'utf8' })).toContain('app.yaml')
  } finally {
    await rm(workDir, { recursive: true, force: true })
    await rm(unit, { force: true })
  }
})

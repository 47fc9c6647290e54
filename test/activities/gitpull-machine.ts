import { mkdtemp, readdir, readlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JobCall } from '../../activities/contract.js'
import type { JsonObject } from '../../domain/json.js'
import { textOf } from '../contract/hosts.js'
import { GitRepository } from './git-repository.js'
import { callOf, kindWorld } from './kind-world.js'

/** A machine, a repository and jobs that put the one on the other. */
export async function gitpullMachine(repository = new GitRepository()) {
  const path = await mkdtemp(join(tmpdir(), 'releasectl-app-'))
  const home = await mkdtemp(join(tmpdir(), 'releasectl-home-'))
  const world = await kindWorld({}, { home })
  const pull = (config: JsonObject = {}, more: Partial<JobCall> = {}): JobCall => {
    const call = callOf('gitpull', { repository: repository.bare, path, interpreter: '/bin/bash', environment: {}, keep: 5, submodules: false, allowMovedTag: false, ...config }, more)
    return { ...call, release: { ...call.release, releaseId: call.idempotencyKey.split('/')[0] ?? '' } }
  }
  return {
    path, home, world, repository, pull,
    current: async () => (await readlink(join(path, 'current')).catch(() => '')).replace('releases/', ''),
    version: async () => textOf(join(path, 'current/version')),
    releases: async () => (await readdir(join(path, 'releases'))).sort(),
  }
}

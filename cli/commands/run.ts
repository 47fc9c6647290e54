import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApplicationFailure } from '@temporalio/common'
import type { Command } from 'commander'
import type { JsonObject } from '../../domain/json.js'
import type { ApiClient } from '../api-client.js'
import { action } from '../context.js'
import { collect } from '../collect.js'
import { EXIT } from '../exit-codes.js'
import { dryRun } from '../dry-run.js'
import type { RunOptions } from '../release-request.js'
import { watchRelease } from '../watch.js'

interface Accepted { id: string; status: string }

const TRIES = 4

/** `run`: start a release of a plan file or of a stored plan. */
export function addRunCommand(program: Command): void {
  program.command('run <plan>').description('start a release of a plan file, or of a stored plan (name or name@3)')
    .option('-p, --project <name>', 'what is released (default: RELEASECTL_PROJECT, or the plan\'s name)')
    .option('-e, --environment <name>', 'where to (default: RELEASECTL_ENVIRONMENT)').option('--version <version>', 'instead of the plan\'s')
    .option('--var <name=value>', 'a variable; may be repeated', collect).option('--var-file <file>', 'variables as a YAML map; may be repeated', collect)
    .option('--env-from <name>', 'hand on more of this environment than the plan names; may be repeated', collect)
    .option('-w, --watch', 'watch to the end; the exit code tells how it ended').option('--detach', 'print the id and leave (default)')
    .option('--dry-run', 'say what it would do and what would change, asked of every driver; start nothing')
    .option('--auto-rollback', 'take everything back when a job fails').option('--no-auto-rollback', 'stop and ask instead')
    .option('--skip-approval', 'as an admin, ask nobody; audited').option('--idempotency-key <key>', 'the same key starts one release only (default: a new one)')
    .action(action(async ({ api, terminal }, plan: string, options: RunOptions) => {
      const { planSource, releaseRequest } = await import('../local.js')
      const source = planSource(plan)
      const request = releaseRequest(source, options)
      if (options.dryRun === true) return dryRun(api, terminal, source, request)
      const accepted = await start(api, request, options.idempotencyKey ?? randomUUID())
      if (options.watch === true && options.detach !== true) return await watchRelease(api, terminal, accepted.id)
      terminal.answer(accepted, () => [`${accepted.id} ${accepted.status}`, `  releasectl watch ${accepted.id}`])
      return EXIT.succeeded
    }))
}

/** Ask until the API answers: the key makes sure that one release starts, however often it is asked. */
async function start(api: ApiClient, request: JsonObject, key: string): Promise<Accepted> {
  for (let attempt = 1; ; attempt++) {
    try { return await api.post<Accepted>('/releases', request, { 'idempotency-key': key }) } catch (error) {
      if (attempt === TRIES || !(error instanceof ApplicationFailure) || error.type !== 'UNAVAILABLE') throw error
      await sleep(200 * 2 ** attempt)
    }
  }
}

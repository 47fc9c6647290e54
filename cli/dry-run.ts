import { ApplicationFailure } from '@temporalio/common'
import type { ApiClient } from './api-client.js'
import { EXIT, type ExitCode } from './exit-codes.js'
import type { PlanSource } from './plan-source.js'
import { previewLines, type DryRun } from './preview-lines.js'
import type { ReleaseRequest } from './release-request.js'
import type { Terminal } from './terminal.js'

/**
 * What a release would do, and what every driver says would change. A plan file is checked and explained on this machine
 * first: without a server, that much is told. Exit 0 or 2.
 */
export async function dryRun(api: ApiClient, terminal: Terminal, source: PlanSource, request: ReleaseRequest): Promise<ExitCode> {
  const { checkPlan, explained, printChecked } = await import('./local.js')
  const result = source.kind === 'file' ? checkPlan(source.bundle, request) : null
  if (source.kind === 'file' && result !== null && !result.valid) return printChecked(terminal, result, source.bundle)
  const told = await ask(api, request).catch((error: unknown): DryRun => {
    if (result === null || !(error instanceof ApplicationFailure) || error.type !== 'UNAVAILABLE') throw error
    return { dryRun: true, explanation: explained(result), preview: null, previewError: error.message }
  })
  terminal.answer(told, () => [told.explanation.text ?? '', ...previewLines(told, terminal)])
  return EXIT.succeeded
}

const ask = (api: ApiClient, request: ReleaseRequest): Promise<DryRun> =>
  api.post<DryRun>('/releases', { ...request, options: { ...request['options'] as object, dryRun: true } })

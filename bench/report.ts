import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'
import { readable, type Row } from './row.js'

export interface Result { title: string; about: string; rows: Row[]; tookMs: number }

/** The machine as it is now: figures say little without it. */
export interface Machine { cores: number; cpu: string; memory: string; system: string; node: string; sdk: string; load: string }

export function machine(): Machine {
  const sdk = JSON.parse(readFileSync(fileURLToPath(import.meta.resolve('@temporalio/client/package.json')), 'utf8')) as { version: string }
  return {
    cores: availableParallelism(), cpu: cpus()[0]?.model ?? 'unknown', memory: `${readable(totalmem() / 1024 ** 3)} GiB`, system: `${platform()} ${release()}`,
    node: process.version, sdk: sdk.version, load: loadavg().map(readable).join(' '),
  }
}

/** docs/performance.md. */
export function page(results: Result[], { before, after, command, at }: { before: Machine; after: Machine; command: string; at: string }): string {
  const judged = results.flatMap(({ rows }) => rows).filter(({ met }) => met !== null)
  const missed = judged.filter(({ met }) => met === false)
  return `${[
    '# Performance', '',
    `Written by \`${command}\` on ${at}. Every figure was measured in that run; change the code, not this page.`, '',
    `Machine: ${before.cores} cores (${before.cpu}), ${before.memory}, ${before.system}; Node ${before.node}, Temporal SDK ${before.sdk}. Load average before ${before.load}, after ${after.load}: everything below, load and all, ran on these cores.`,
    `A ratio is of two measures of one run, taken turn by turn; absolute figures are this machine's.`, '',
    `**${judged.length - missed.length} of ${judged.length} budgets met.**${missed.length > 0 ? ` Missed: ${missed.map(({ what }) => what).join('; ')}.` : ''}`, '',
    ...results.flatMap(section),
  ].join('\n')}\n`
}

/** One section's table. */
export function section({ title, about, rows, tookMs }: Result): string[] {
  return [`## ${title}`, '', `${about} (${readable(tookMs / 1000)} s)`, '', '| | measured | baseline | ratio | budget | |', '| --- | --- | --- | --- | --- | --- |', ...rows.map(line), '']
}

const line = ({ what, value, baseline, ratio, budget, met }: Row): string =>
  `| ${[what, value, baseline, ratio === null ? '' : readable(ratio), budget, met === null ? '' : met ? 'met' : '**missed**'].map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`

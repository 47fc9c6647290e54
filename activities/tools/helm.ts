import { parseAllDocuments } from 'yaml'
import type { Change } from '../../domain/change.js'
import { durationMs } from '../../domain/duration.js'

/** What the commands of one run are built from. `temp`: a folder of its own; values and kubeconfig lie in it. */
export interface HelmRun {
  temp: string
  release: string
  namespace?: string | undefined
  kubeconfig?: string | undefined
  context?: string | undefined
  chart: string
  repo?: string | undefined
  version?: string | undefined
  createNamespace: boolean
  valuesFiles: readonly string[]
  wait: boolean
  waitFor: string
  description: string
}

const place = ({ namespace, kubeconfig, context }: HelmRun): string[] => [
  ...namespace === undefined ? [] : [`--namespace=${namespace}`], ...kubeconfig === undefined ? [] : [`--kubeconfig=${kubeconfig}`], ...context === undefined ? [] : [`--kube-context=${context}`],
]
const waiting = ({ wait, waitFor }: HelmRun): string[] => [...wait ? ['--wait'] : [], `--timeout=${Math.ceil(durationMs(waitFor) / 1000)}s`]
const source = ({ repo, version, valuesFiles, temp }: HelmRun): string[] => [
  ...repo === undefined ? [] : [`--repo=${repo}`], ...version === undefined ? [] : [`--version=${version}`],
  ...valuesFiles.map((file) => `--values=${file}`), `--values=${temp}/values.json`,
]

/** Not `--atomic`: a failed revision stays to be looked at until the undo takes it back. */
export const upgradeCommand = (run: HelmRun): string[] => [
  'upgrade', run.release, run.chart, '--install', ...place(run), ...source(run), ...run.createNamespace ? ['--create-namespace'] : [], ...waiting(run), `--description=${run.description}`,
]
export const templateCommand = (run: HelmRun, isUpgrade: boolean): string[] =>
  ['template', run.release, run.chart, '--dry-run=server', '--no-hooks', ...isUpgrade ? ['--is-upgrade'] : [], ...place(run), ...source(run)]
export const historyCommand = (run: HelmRun): string[] => ['history', run.release, '--output=json', '--max=256', ...place(run)]
export const manifestCommand = (run: HelmRun): string[] => ['get', 'manifest', run.release, ...place(run)]
export const rollbackCommand = (run: HelmRun, revision: number): string[] => ['rollback', run.release, String(revision), ...place(run), ...waiting(run)]
export const uninstallCommand = (run: HelmRun): string[] => ['uninstall', run.release, '--ignore-not-found', ...place(run), ...waiting(run)]

export interface Revision { revision: number; updated: string; status: string; chart: string; app_version: string; description: string }
/** Oldest first; none when there is no such release. */
export const readHistory = (json: string): Revision[] => (JSON.parse(json.trim() || '[]') as Revision[]).sort((a, b) => a.revision - b.revision)

export const isPending = ({ status }: Revision): boolean => status.startsWith('pending-') || status === 'uninstalling'
/** What runs; null: nothing has ever been deployed. */
export const deployedOf = (history: readonly Revision[]): Revision | null => history.findLast(({ status }) => status === 'deployed') ?? null
/** What to go back to when a pending operation was cut off; null: it was the first. */
export const lastGood = (history: readonly Revision[]): Revision | null => deployedOf(history) ?? history.findLast(({ status }) => status === 'superseded') ?? null

/** Two manifests by resource. Names only: a Secret's manifest is its value. */
export function changesOf(before: string, after: string): Change[] {
  const [old, wanted] = [resourcesOf(before), resourcesOf(after)]
  return [
    ...[...wanted].map(([what, text]): Change => {
      const was = old.get(what)
      return { what, action: was === undefined ? 'create' : was === text ? 'none' : 'update', before: was === undefined ? null : 'in the release', after: was === text ? 'as it is' : was === undefined ? 'new' : 'changed' }
    }),
    ...[...old.keys()].filter((what) => !wanted.has(what)).map((what): Change => ({ what, action: 'delete', before: 'in the release', after: null })),
  ]
}

function resourcesOf(manifest: string): Map<string, string> {
  return new Map(parseAllDocuments(manifest).flatMap((document) => {
    const value = document.toJS() as { kind?: string; metadata?: { name?: string; namespace?: string } } | null
    if (!value?.kind) return []
    return [[[value.kind, [value.metadata?.namespace, value.metadata?.name].filter(Boolean).join('/')].join(' '), JSON.stringify(value)] as const]
  }))
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { JobCall, UndoCall } from '../../activities/contract.js'
import { until } from '../contract/hosts.js'
import { kindWorld } from './kind-world.js'

/** What a child process is told to run: one part of a job's kind, on the host that keeps its records in `home`. */
export type Act = { home: string } & ({ part: 'execute'; call: JobCall } | { part: 'rollback'; undo: UndoCall })

/** Run a part of a job in a process of its own and kill that with SIGKILL once `begun`. */
export async function killedInside(act: Act, begun: () => Promise<boolean>): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url), JSON.stringify(act)], { stdio: ['ignore', 'ignore', 'inherit'] })
  const gone = once(child, 'exit')
  await Promise.race([until(begun), gone.then(([code]) => { throw new Error(`the child ended by itself with ${code}`) })])
  child.kill('SIGKILL')
  await gone
}

/** Undos of one scheduling share their key: tried again they are the same one. */
export const UNDO_ID = { activityId: '7' }

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const act = JSON.parse(process.argv[2] ?? '') as Act
  const world = await kindWorld({}, { home: act.home })
  if (act.part === 'execute') await world.execute(act.call)
  else await world.rollback(act.undo, world.environment(UNDO_ID))
}

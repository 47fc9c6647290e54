import { expect } from 'vitest'
import type { JobCall, SealedSnapshot } from '../../activities/contract.js'
import { killedWorker, workerOn, type Act, type Moment, type WorkerOn } from './killed-worker.js'

/** A job about to run for the first time: what does it, what takes it back, and what the target then looks like. */
export interface Scene {
  on: WorkerOn
  act: Act[]
  undo: Act[]
  /** The target by its own word. */
  state: () => Promise<unknown>
  /** What it is once the job has succeeded. */
  after: unknown
  /** Hold the job or its undo up half-way, so that it is killed there; and let it go. */
  hold?: (part: Part) => Promise<void>
  release?: (part: Part) => Promise<void>
  /** How often what must happen once has happened since `hold`. */
  ran?: (part: Part) => Promise<number>
  /** When to kill; left out: before each thing the worker does to a port, one after the other until there is none left. */
  seen?: (part: Part) => Promise<boolean>
}
export type Part = 'act' | 'undo'

/** Every fifth moment; KILLED_EVERY=1 takes all of them, which for a rollout takes many minutes. */
const EVERY = Number(process.env['KILLED_EVERY'] ?? 5)

/**
 * Whenever a worker is killed, inside the job or inside its undo, the next one ends it, and the target is as the release
 * says: as it was where it was taken back, as wanted where it succeeded.
 * @param make a scene nobody has used
 * @returns how many moments there are, as far as it looked
 */
export async function endsInOneOfTwoStates(make: () => Promise<Scene>): Promise<number> {
  for (let n = 1, last = { act: 0, undo: 0 }; ; n += EVERY) {
    const scene = await make()
    const before = await scene.state()
    const died = [await endedByTheNext(scene, 'act', n)]
    expect(await scene.state(), `killed at moment ${n} of the job, which succeeded`).toEqual(scene.after)
    if (scene.undo.length > 0) {
      died.push(await endedByTheNext(scene, 'undo', n))
      expect(await scene.state(), `killed at moment ${n} of the undo`).toEqual(before)
      if (died[0]) await isTakenBack(await make(), n)
    }
    last = { act: died[0] === true ? n : last.act, undo: died[1] === true ? n : last.undo }
    if (scene.seen || !died.includes(true)) return last.act + last.undo
  }
}

/** Killed in the job, whose tools may go on without it, and taken back at once. */
export async function isTakenBack(scene: Scene, n = 1): Promise<void> {
  const before = await scene.state()
  await scene.hold?.('act')
  await killedWorker(scene.on, scene.act, momentOf(scene, 'act', n))
  const worker = await workerOn(scene.on)
  for (const act of scene.undo) await worker.run(act)
  await scene.release?.('act')
  expect(await scene.state(), `killed at moment ${n} of the job, which was taken back`).toEqual(before)
}

async function endedByTheNext(scene: Scene, part: Part, n: number): Promise<boolean> {
  await scene.hold?.(part)
  const from = await killedWorker(scene.on, scene[part], momentOf(scene, part, n))
  const worker = await workerOn(scene.on)
  const next = from === null ? null : scene[part].slice(from).reduce(async (earlier, act) => { await earlier; await worker.run(act, { attempt: 2 }) }, Promise.resolve())
  await scene.release?.(part)
  await next
  if (scene.ran) expect(await scene.ran(part), `once, though killed at moment ${n} of the ${part}`).toBe(1)
  return from !== null
}

const momentOf = ({ seen }: Scene, part: Part, n: number): Moment => seen ? async () => seen(part) : n

/** A job of a kind as a scene's acts, its undo with the snapshot of this moment. */
export async function actsOf(on: WorkerOn, call: JobCall, kindHasUndo = true): Promise<Pick<Scene, 'on' | 'act' | 'undo'>> {
  const snapshot = kindHasUndo ? await (await workerOn(on)).run({ activity: `${call.kind}.snapshot`, input: call }) as SealedSnapshot : null
  return {
    on, act: [{ activity: `${call.kind}.execute`, input: snapshot === null ? call : { ...call, before: snapshot } }],
    undo: kindHasUndo ? [{ activity: `${call.kind}.rollback`, input: { call, snapshot } }] : [],
  }
}

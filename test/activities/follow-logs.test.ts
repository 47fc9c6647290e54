// A double of an engine that tells what its container writes a moment late: no real one can be made to.
import { expect, test } from 'vitest'
import { followLogs } from '../../activities/containers/follow-logs.js'
import type { ContainerPort, LogChunk } from '../../drivers/containers/port.js'

/** @param live what comes while it is followed. @param all what has been written by the end */
const engine = (live: LogChunk[], all: LogChunk[]): ContainerPort => ({
  follow: async (_name: string, { output, signal, untilNow }: { output: (chunk: LogChunk) => void; signal?: AbortSignal; untilNow?: boolean }) => {
    for (const chunk of untilNow === true ? all : live) output(chunk)
    if (untilNow !== true && signal?.aborted === false) await new Promise<void>((resolve) => { signal.addEventListener('abort', () => { resolve() }) })
  },
}) as unknown as ContainerPort
const out = (offset: number, text: string): LogChunk => ({ stream: 'stdout', offset, text })

async function logOf(live: LogChunk[], all: LogChunk[]): Promise<[string, number, string][]> {
  const log: [string, number, string][] = []
  const following = followLogs(engine(live, all), ['web'], (stream, offset, text) => { log.push([stream, offset, text]) })
  await new Promise((resolve) => setImmediate(resolve))
  await following.stop()
  return log
}

test('what was written before the end and not told yet is fetched, once, in its place', async () => {
  expect(await logOf([out(0, 'grün\nha')], [out(0, 'grün\n'), out(6, 'half a line\n'), { stream: 'stderr', offset: 0, text: 'careful\n' }])).toEqual([
    ['web stdout', 0, 'grün\nha'], ['web stdout', 8, 'lf a line\n'], ['web stderr', 0, 'careful\n'],
  ])
  expect(await logOf([out(0, 'all\n')], [out(0, 'all\n')])).toEqual([['web stdout', 0, 'all\n']])
  expect(await logOf([], [out(0, 'late\n')])).toEqual([['web stdout', 0, 'late\n']])
})

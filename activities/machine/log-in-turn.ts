import type { JobContext } from '../kind-runner.js'

/** Several scripts of one job write one log: each gets a context whose streams go on where those before it ended. */
export function logInTurn(context: JobContext): () => JobContext {
  const ends = new Map<string, number>()
  return () => {
    const starts = new Map(ends)
    return {
      ...context,
      log: (stream, offset, text) => {
        const at = (starts.get(stream) ?? 0) + offset
        ends.set(stream, Math.max(ends.get(stream) ?? 0, at + Buffer.byteLength(text)))
        context.log(stream, at, text)
      },
    }
  }
}

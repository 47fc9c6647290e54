import type { PartName } from './parts.js'

/** One line that grows as parts become ready; without a terminal, one line a part. */
export function showProgress(stream: NodeJS.WriteStream): (name: PartName, state: 'starting' | 'ready', elapsedMs: number) => void {
  const states = new Map<PartName, string>()
  return (name, state, elapsedMs) => {
    const text = state === 'ready' ? `${name} ✓ ${(elapsedMs / 1000).toFixed(1)} s` : `${name} …`
    states.set(name, text)
    if (stream.isTTY) stream.write(`\r\x1b[2K  ${[...states.values()].join('   ')}`)
    else if (state === 'ready') stream.write(`  ${text}\n`)
  }
}

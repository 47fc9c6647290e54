import { failure } from '../../domain/failures.js'

const MAX_BYTES = 65_536

/**
 * What a script wrote to $RELEASECTL_OUTPUT: `name=value` lines, and blocks of several lines as GitHub Actions has them
 * (`name<<END`, lines, `END`). The last word on a name wins; other lines are ignored.
 * @throws CHECK_FAILED over 64 KiB: part of it would be worse than none
 */
export function namedOutputs(text: string): Record<string, string> {
  if (Buffer.byteLength(text) > MAX_BYTES) throw failure('CHECK_FAILED', `the script wrote more than ${MAX_BYTES} bytes to $RELEASECTL_OUTPUT`)
  const outputs: Record<string, string> = {}
  const lines = text.split('\n').values()
  for (const line of lines) {
    const [, name = '', sign, rest = ''] = /^([A-Za-z_][\w.-]*)(=|<<)(.*)$/.exec(line.replace(/\r$/, '')) ?? []
    if (sign === '=') outputs[name] = rest
    if (sign === '<<') outputs[name] = block(lines, rest)
  }
  return outputs
}

function block(lines: Iterator<string>, end: string): string {
  const found: string[] = []
  for (let next = lines.next(); next.done !== true && next.value !== end; next = lines.next()) found.push(next.value)
  return found.join('\n')
}

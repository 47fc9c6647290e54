import { createHash } from 'node:crypto'
import { failure } from '../../domain/failures.js'

/** @throws CHECK_FAILED when it is not the content that was meant */
export function mustHaveSum(path: string, content: Buffer, sha256: string): void {
  const is = createHash('sha256').update(content).digest('hex')
  if (is !== sha256) throw failure('CHECK_FAILED', `what is to become ${path} has sha256 ${is}, not ${sha256}`)
}

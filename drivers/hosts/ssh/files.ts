import { finished } from 'node:stream/promises'
import type { SFTPWrapper } from 'ssh2'
import { failure } from '../../../domain/failures.js'
import { mustHaveSum } from '../checksum.js'
import type { FileToPut } from '../port.js'
import { text, type Remote } from './remote.js'

/** Files of a host. They are written beside their place, checked there, and moved in one step. */
export class SshFiles {
  readonly #remote: Remote
  readonly #hasSftp: boolean
  /** @param hasSftp false: as the login's user SFTP could not write it */
  constructor(remote: Remote, hasSftp: boolean) {
    this.#remote = remote
    this.#hasSftp = hasSftp
  }

  async put({ path, content, mode, sha256 }: FileToPut): Promise<void> {
    mustHaveSum(path, content, sha256)
    const octal = mode.toString(8)
    const draft = `${path}.${sha256.slice(0, 12)}.part` // the next try writes the same one: nothing is left lying about
    const ready = await this.#remote.call(() => ({ words: ['ready', path, octal, sha256] }))
    if (ready.has('same')) return
    if (this.#hasSftp) await this.#upload(path, draft, content)
    const kept = await this.#remote.call(() => this.#hasSftp
      ? { words: ['keep', path, draft, octal, sha256] }
      : { words: ['receive', path, draft, octal, sha256], input: content })
    if (kept.has('kept')) return
    throw failure('TARGET_UNREACHABLE', `${path} did not reach ${this.#remote.named} whole: its sha256 is ${kept.get('differs')?.toString('utf8') ?? 'unknown'} there`)
  }

  /** @throws TARGET_REFUSED: SFTP does not say that a disk is full, so the room is told */
  async #upload(path: string, draft: string, content: Buffer): Promise<void> {
    const said = await this.#remote.sftp((sftp) => upload(sftp, draft, content))
    if (said === null) return
    const answer = await this.#remote.call(() => ({ words: ['abandon', path, draft] }))
    throw failure('TARGET_REFUSED', `${this.#remote.named}: writing ${draft}: ${said} (df: ${text(answer, 'room')})`)
  }

  async read(path: string, maxBytes: number): Promise<Buffer | null> {
    const answer = await this.#remote.call(() => ({ words: ['content', path, String(maxBytes)] }))
    return answer.has('none') ? null : answer.get('file') ?? Buffer.alloc(0)
  }
}

async function upload(sftp: SFTPWrapper, path: string, content: Buffer): Promise<void> {
  const file = sftp.createWriteStream(path, { mode: 0o600 })
  file.end(content)
  await finished(file)
}

import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** The installation's key: seals secrets and snapshots, signs decisions. */
export class InstallationKey {
  readonly #key: Buffer
  constructor(key: Buffer) {
    if (key.length !== 32) throw new Error('the installation key must be 32 bytes')
    this.#key = key
  }

  /** @throws Error naming the file when it does not hold base64 of 32 bytes */
  static read(file: string): InstallationKey {
    const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64')
    if (key.length !== 32) throw new Error(`RELEASECTL_KEY_FILE ${file} must hold base64 of 32 bytes`)
    return new InstallationKey(key)
  }

  /** AES-256-GCM; `v1:` and base64 of nonce (12), tag (16), text. */
  seal(text: string): string {
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce)
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return `v1:${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64')}`
  }

  /** @throws Error when it was sealed with another key or touched since; the message never holds the text */
  open(sealed: string): string {
    const bytes = Buffer.from(sealed.replace(/^v1:/, ''), 'base64')
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, 12))
      decipher.setAuthTag(bytes.subarray(12, 28))
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
    } catch {
      throw new Error('a sealed value does not open with this installation\'s key')
    }
  }

  /** HMAC-SHA256, hex. */
  sign(text: string): string { return createHmac('sha256', this.#key).update(text).digest('hex') }
  verify(text: string, signature: string): boolean {
    const [expected, given] = [Buffer.from(this.sign(text)), Buffer.from(signature)]
    return expected.length === given.length && timingSafeEqual(expected, given)
  }
}

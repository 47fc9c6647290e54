import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** The control port's bearer token; made, readable by its owner alone, when there is none. @throws Error naming the file when it is empty */
export async function readToken(file: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  })
  const token = (await readFile(file, 'utf8')).trim()
  if (token === '') throw new Error(`EDGE_TOKEN_FILE ${file} is empty`)
  return token
}

/** Takes as long for a near miss as for a far one. */
export function bearsToken(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  return given !== undefined && timingSafeEqual(digest(given), digest(token))
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

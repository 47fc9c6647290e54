import { randomUUID } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { TokenStore } from '../store/tokens.js'
import { tokenHash } from './authentication.js'
import { newTokenText } from './tokens.js'

const TENANT = 'default'
const MADE_BY = 'first start'

/**
 * Without an admin nobody could make the first token: one is made here and written to `file`, for its owner's eyes only.
 * It is made again when the file was lost; never when an admin revoked it and has another token.
 * @returns whether the file was written
 */
export async function ensureFirstToken(tokens: TokenStore, file: string): Promise<boolean> {
  const written = await readFile(file, 'utf8').catch(() => '')
  const token = newTokenText()
  const isNew = await tokens.alone(async (store) => {
    const admins = await store.liveAdmins(TENANT)
    if (admins.some(({ hash }) => hash === tokenHash(written.trim()))) return false
    const lost = admins.filter(({ createdBy }) => createdBy === MADE_BY)
    if (lost.length === 0 && admins.length > 0) return false
    for (const { id } of lost) await store.revoke(TENANT, id)
    await store.create({ id: randomUUID(), tenant: TENANT, name: 'admin', hash: tokenHash(token), role: 'admin', groups: [], createdBy: MADE_BY, expiresAt: null })
    return true
  })
  if (isNew) await writeForOwner(file, `${token}\n`)
  return isNew
}

/** All of it or nothing, readable by nobody else at any moment. */
async function writeForOwner(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const draft = `${file}.${process.pid}.new`
  await rm(draft, { force: true }) // what was there keeps its own mode
  const handle = await open(draft, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(draft, file)
}

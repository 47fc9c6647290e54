import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The files of one installation, all under its data folder. */
export interface Home {
  folder: string
  logs: string
  postgres: string
  temporalFile: string
  edgeState: string
  /** base64 of 32 bytes (config/key.ts) */
  keyFile: string
  edgeTokenFile: string
  /** the admin's token: the API makes it on its first start */
  tokenFile: string
  postgresPassword: string
  lockFile: string
  childrenFile: string
  /** what the CLI reads to find the API: { apiUrl, tokenFile, temporalUi, edgeUrl, pid } */
  serverFile: string
}

/** The data folder with its secrets, made on first use. Others may pass through it (PostgreSQL's user must) but not look. */
export function openHome(path: string): Home {
  const folder = resolve(path)
  const [logs, temporal] = [join(folder, 'logs'), join(folder, 'temporal')]
  for (const closed of [logs, temporal]) mkdirSync(closed, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o711)
  return {
    folder, logs,
    postgres: join(folder, 'postgres'), temporalFile: join(temporal, 'temporal.db'), edgeState: join(folder, 'edge.json'),
    keyFile: secretFile(folder, 'key', () => randomBytes(32).toString('base64')),
    edgeTokenFile: secretFile(folder, 'edge-token', () => randomBytes(32).toString('hex')),
    tokenFile: join(folder, 'token'),
    postgresPassword: readFileSync(secretFile(folder, 'postgres-password', () => randomBytes(24).toString('hex')), 'utf8').trim(),
    lockFile: join(folder, 'supervisor.json'), childrenFile: join(folder, 'children.json'), serverFile: join(folder, 'server.json'),
  }
}

/** Written whole or not at all: a key cut short by a crash would lock every secret away. */
function secretFile(folder: string, name: string, make: () => string): string {
  const file = join(folder, name)
  if (existsSync(file)) return file
  const unfinished = `${file}.${process.pid}`
  writeFileSync(unfinished, `${make()}\n`, { mode: 0o600 })
  try { linkSync(unfinished, file) } catch (error) { if (!existsSync(file)) throw error } // another start was first
  rmSync(unfinished)
  return file
}

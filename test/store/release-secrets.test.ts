import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { InstallationKey } from '../../config/key.js'
import { connect } from '../../store/database.js'
import type { PrismaClient } from '../../store/generated/client.js'
import { ReleaseSecretStore } from '../../store/release-secrets.js'
import { testDatabase } from '../support/servers.js'

const key = new InstallationKey(randomBytes(32))
let database: PrismaClient
beforeAll(async () => {
  database = connect(await testDatabase())
  await database.releaseSecret.create({ data: { releaseId: 'r1', name: 'env:TOKEN', sealed: key.seal('t0p') } })
})
afterAll(() => database.$disconnect())

test('a value handed in with a release is found by its reference, for that release only', async () => {
  const secrets = new ReleaseSecretStore(database, key)
  expect(await secrets.find('r1', 'env:TOKEN')).toBe('t0p')
  expect(await secrets.find('r1', 'release:TOKEN')).toBeNull()
  expect(await secrets.find('r2', 'env:TOKEN')).toBeNull()
})

test('a value does not open with another installation\'s key', async () => {
  await expect(new ReleaseSecretStore(database, new InstallationKey(randomBytes(32))).find('r1', 'env:TOKEN')).rejects.toThrow('does not open')
})

import { afterAll, expect, test } from 'vitest'
import { ApiWorld } from './api-world.js'
import { scriptPlan } from './plans-as-text.js'

const world = await ApiWorld.open()
afterAll(async () => { await world.close() })
const SECRETS = ['hunter2-of-the-env', 'hunter2-of-the-variable']

test('what is handed in as env or as a secret variable is sealed, and in no answer, row or list', async () => {
  const planText = `${scriptPlan('sealed').replace('echo up"', 'echo up", environment: { A: "${env.DB_URL}", B: "${variables.password}" }')}variables:\n  password: { type: secret }\n`
  const body = { project: 'sealed', environment: 'prod', planText, env: { DB_URL: SECRETS[0] }, variables: { password: SECRETS[1] } }
  const accepted = await world.ask('deployer', 'POST', '/releases', body)
  expect(accepted.statusCode, accepted.body).toBe(202)
  const { id } = accepted.json<{ id: string }>()
  const rows = await world.database.releaseSecret.findMany({ where: { releaseId: id }, orderBy: { name: 'asc' } })
  expect(rows.map(({ name, sealed }) => [name, world.key.open(sealed)])).toEqual([['env:DB_URL', SECRETS[0]], ['release:password', SECRETS[1]]])
  const seen = [
    accepted.body, (await world.ask('admin', 'GET', `/releases/${id}`)).body, (await world.ask('admin', 'GET', '/audit')).body,
    (await world.ask('admin', 'POST', '/plans/explain', body)).body, (await world.ask('admin', 'POST', '/releases', { ...body, options: { dryRun: true } })).body,
    JSON.stringify(await world.database.release.findMany()), JSON.stringify(rows), JSON.stringify((await world.database.bundle.findMany()).map(({ sealed }) => sealed)),
  ].join()
  for (const secret of SECRETS) expect(seen).not.toContain(secret)
})

test('an env name that is not given is an issue, one that the installation has is not', async () => {
  const planText = scriptPlan('asks').replace('echo up"', 'echo up", environment: { A: "${env.HOME_REGION}" }')
  const missing = await world.ask('deployer', 'POST', '/releases', { project: 'asks', environment: 'prod', planText })
  expect(missing.json()).toMatchObject({ status: 422, issues: [{ code: 'ENV_MISSING' }] })
  const installed = await ApiWorld.open({ env: 'HOME_REGION' })
  expect((await installed.ask('deployer', 'POST', '/releases', { project: 'asks', environment: 'prod', planText })).statusCode).toBe(202)
  await installed.close()
})

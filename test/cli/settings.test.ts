import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readCliSettings, type Flags } from '../../cli/settings.js'
import { apiDouble } from './api-double.js'
import { cli, emptyFolder } from './run-cli.js'

test('flags come before the environment, that before the config file, that before the server of this folder', async () => {
  const folder = emptyFolder()
  mkdirSync(join(folder, '.releasectl')); mkdirSync(join(folder, 'deep', 'er'), { recursive: true })
  writeFileSync(join(folder, '.releasectl', 'server.json'), JSON.stringify({ apiUrl: 'http://local:1', tokenFile: join(folder, '.releasectl', 'token') }))
  writeFileSync(join(folder, '.releasectl', 'token'), 'of-the-local-server\n')
  writeFileSync(join(folder, 'file-token'), 'of-the-file\n')
  const [empty, config] = [join(folder, 'empty.yaml'), join(folder, 'config.yaml')]
  writeFileSync(empty, ''); writeFileSync(config, 'url: http://file:2/\ntokenFile: ./file-token\noutput: yaml\ntenant: t\n')
  const read = async (flags: Flags, env: NodeJS.ProcessEnv) => { const { url, token, output, tenant } = await readCliSettings(flags, env, join(folder, 'deep', 'er')); return [url, token, output, tenant] }
  expect(await read({ config: empty }, {})).toEqual(['http://local:1', 'of-the-local-server', 'table', null])
  expect(await read({ config }, {})).toEqual(['http://file:2', 'of-the-file', 'yaml', 't'])
  expect(await read({ config }, { RELEASECTL_URL: 'http://env:3', RELEASECTL_TOKEN: 'of-env', RELEASECTL_OUTPUT: 'json' })).toEqual(['http://env:3', 'of-env', 'json', 't'])
  expect(await read({ config, url: 'http://flag:4', output: 'table', tenant: 'u' }, { RELEASECTL_URL: 'http://env:3' })).toEqual(['http://flag:4', 'of-the-file', 'table', 'u'])
})

test('the token of the server in this folder is never sent to another', async () => {
  const folder = emptyFolder()
  mkdirSync(join(folder, '.releasectl'))
  writeFileSync(join(folder, '.releasectl', 'server.json'), JSON.stringify({ apiUrl: 'http://local:1', tokenFile: 'token' }))
  writeFileSync(join(folder, 'token'), 'of-the-local-server\n')
  writeFileSync(join(folder, 'empty.yaml'), '')
  expect((await readCliSettings({ config: join(folder, 'empty.yaml'), url: 'http://elsewhere:5' }, {}, folder)).token).toBeNull()
})

test.each([
  [['list', '-o', 'xml'], 'error: output xml: must be table, json or yaml\n'],
  [['list', '--url', 'releases'], 'error: --url releases: must be a URL such as https://releases.example.com\n'],
  [['list', '--config', 'none.yaml'], 'error: config file none.yaml: ENOENT'],
  [['list', '--config', 'bad.yaml'], 'error: config file bad.yaml: urll is not known; known keys: url, token, tokenFile, tenant, output\n'],
  [['lisst'], 'error: unknown command \'lisst\'\n(Did you mean list?)\n'],
  [['list', '--projet', 'x'], 'error: unknown option \'--projet\'\n(Did you mean --project?)\n'],
  [['status'], 'error: missing required argument \'id\'\n'],
  [['list', '--status', 'good'], 'error: option \'--status <status>\' argument \'good\' is invalid. Allowed choices are accepted'],
  [['run', 'nowhere.yaml', '-e', 'x'], 'error: nowhere.yaml: no such file\n'],
  [['run', 'shop'], 'error: no environment: where shall it be released?\n'],
])('%j is a usage error: exit 2 and one line that says what is wrong', async (args, says) => {
  const folder = emptyFolder()
  writeFileSync(join(folder, 'bad.yaml'), 'urll: x\n')
  const { code, stdout, stderr } = await cli(args, { folder })
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain(says)
  expect(stderr).not.toContain('    at ')
})

test('without a server it says how to start one', async () => {
  const { code, stderr } = await cli(['list'])
  expect(code).toBe(1)
  expect(stderr).toMatch(/^error: no server: .*\n {2}start one with `releasectl server`/)
})

test('a server that does not answer is exit 1 with its address; --debug shows where', async () => {
  const gone = await apiDouble({})
  await gone.close()
  const [plain, debug] = await Promise.all([cli(['list', '--url', gone.url]), cli(['list', '--debug', '--url', gone.url])])
  expect([plain.code, plain.stderr.split('\n')[0]]).toEqual([1, `error: ${gone.url} does not answer: ECONNREFUSED`])
  expect(debug.stderr).toContain('    at ')
})

import { expect, test } from 'vitest'
import { issuesOf, jobWith, planOf } from './compiling.js'

const configOf = (lines: string): unknown => planOf(jobWith(lines)).stages[0]?.jobs[0]?.config

test('a container job needs an image and gets the rest filled in', () => {
  expect(configOf('type: container\nconfig: { image: "shop:1", ports: ["8080:80"], stop_timeout: 5 }')).toMatchObject({
    image: 'shop:1', pull: 'always', ports: ['8080:80'], replicas: 1, restart: 'unless-stopped', keep: 2, stopTimeout: '5s', logs: { maxSize: '10m', maxFiles: 3 }, health: { expectedStatus: 200 },
  })
  expect(planOf(jobWith('type: docker\nconfig: { image: shop }')).stages[0]?.jobs[0]).toMatchObject({ kind: 'container', hasSnapshot: true, hasUndo: true })
})

test('a rollout deploys a process or a container, told apart by type', () => {
  const rollout = (deploy: string): string => `type: rollout\nconfig: { service: shop, route: { name: shop }, strategy: { type: blue-green }, deploy: ${deploy} }`
  expect(configOf(rollout('{ type: container, image: "shop:1", port: 8080, docker: { host: "ssh://ops@node1" } }'))).toMatchObject({ deploy: { type: 'container', hostPort: 0, health: { path: '/' }, docker: { host: 'ssh://ops@node1' } } })
  expect(configOf(rollout('{ type: process, command: serve }'))).toMatchObject({ deploy: { type: 'process', command: 'serve' } })
  expect(issuesOf(jobWith(rollout('{ type: container, image: "shop:1" }')))).toMatchObject([{ code: 'MISSING_KEY', message: expect.stringContaining('port') as string }])
})

test.each([
  ['{ image: "shop:1", order: start-first, ports: ["8080:80"] }', /start-first needs ports that are free/], ['{ image: "shop:1", health: { path: /health } }', /no port is published/],
  ['{ image: "shop:1", ports: ["http:80"] }', /http:80/], ['{ image: "shop:1", restart: sometimes }', /sometimes/], ['{ image: "shop:1", resources: { memory: lots } }', /lots/], ['{ image: "shop:1", volumes: ["data"] }', /data/],
  ['{ image: "shop:1", enviroment: {} }', /enviroment/],
])('a container job %s is refused', (config, message) => {
  expect(issuesOf(jobWith(`type: container\nconfig: ${config}`)).map((issue) => issue.message).join()).toMatch(message)
})

test('ports that the engine picks may be published before the old ones stop', () => {
  expect(issuesOf(jobWith('type: container\nconfig: { image: "shop:1", order: start-first, ports: ["80", "127.0.0.1::81"] }'))).toEqual([])
})

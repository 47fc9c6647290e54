import { ROUTE } from './stand.js'

/** One job that shifts the gateway's route to a version that already runs, at the variable `candidate`. @param strategy YAML, as it stands behind the key */
const shiftPlan = (name: string, gateway: string, strategy: string, variables = '{ candidate: "" }'): string => `
apiVersion: devops.release/v1
kind: ReleasePlan
metadata: { name: ${name} }
variables: ${variables}
stages:
  - name: ship
    jobs:
      - name: shift
        type: gateway
        config:
          gateway: ${gateway}
          route: ${ROUTE}
          candidate: { url: "\${variables.candidate}" }
          strategy: ${strategy}
`

/** The same canary for every gateway, judged by what the version says of itself. Variable `self`: where it tells its share of `failing` requests. */
export const canaryPlan = (gateway: string): string => shiftPlan('shift', gateway, `
            type: canary
            phases:
              - { percentage: 20, duration: 3s, interval: 1s, failureLimit: 2, analysis: &judge { source: json, address: "\${variables.self}", queries: [{ name: failing, query: $.failing, threshold: "<0.1" }] } }
              - { percentage: 50, duration: 3s, interval: 1s, failureLimit: 2, analysis: *judge }
              - { percentage: 100, duration: 2s, interval: 1s, failureLimit: 2, analysis: *judge }`, '{ candidate: "", self: "" }')

/** The same canary judged by what the gateway itself has counted. */
export const judgedPlan = (gateway: string): string => shiftPlan('judged', gateway, '{ type: canary, phases: [{ percentage: 50, duration: 1m, interval: 500ms, minRequests: 10, successCriteria: { errorRate: "<20%" } }] }')

/** The same canary with a header by which testers get the candidate, and copies of all requests before it gets any. */
export const testersPlan = (gateway: string): string => shiftPlan('testers', gateway, `
            type: canary
            match: [{ by: header, name: x-tester, value: "yes" }]
            phases:
              - { percentage: 0, mirrorPercent: 100, duration: 1h }
              - { percentage: 50, duration: 1s }`)

/** A version that takes its time to answer, and ends at once when it is told to, whatever is under way. */
const ABRUPT = "require('node:http').createServer({ keepAliveTimeout: 600_000 }, (request, answer) => setTimeout(() => answer.end(process.env.VERSION), request.url === '/health' ? 0 : 2500)).listen(process.env.PORT, '127.0.0.1')"

/** A rollout behind the gateway's route. @param deploy YAML, as it stands behind the key. @param strategy the same */
const rolloutOf = (gateway: string, deploy: string, strategy: string): string => `
apiVersion: devops.release/v1
kind: ReleasePlan
metadata: { name: rollout }
stages:
  - name: ship
    jobs:
      - name: rollout
        type: rollout
        config:
          service: ${gateway}
          deploy: ${deploy}
          route: { gateway: ${gateway}, name: ${ROUTE} }
          strategy: ${strategy}
`

/** The same rollout of processes for every gateway that reaches them: the old one is ended right after all requests go to the new one. */
export const rolloutPlan = (gateway: string): string => rolloutOf(gateway, `
            type: process
            command: [node, -e, "${ABRUPT}"]
            environment: { VERSION: "\${RELEASE_VERSION}" }
            health: { path: /health }
            drain: 6s`, '{ type: canary, phases: [{ percentage: 50, duration: 2s }] }')

/** The same rollout of containers for every gateway that reaches them. @param images where a version is, without its tag. @param address by which the gateway reaches this machine */
export const containersPlan = (gateway: string, images: string, strategy: 'canary' | 'blue-green', address: string): string => rolloutOf(gateway,
  `{ type: container, address: ${address}, image: "${images}:\${RELEASE_VERSION}", port: 8080, health: { path: /healthz }, drain: 2s }`,
  strategy === 'canary' ? '{ type: canary, phases: [{ percentage: 50, duration: 2s }] }' : '{ type: blue-green }')

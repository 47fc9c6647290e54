import { judged, shopRollout } from '../test/support/shop-plan.js'

/** The plans of the benchmarks. The key of their lock is the project's own unless one is given: none waits for another. */
const head = (name: string, key: string | null): string => `
apiVersion: devops.release/v1
kind: ReleasePlan
metadata: { name: ${name} }
${key === null ? '' : `concurrency: { key: "${key}" }`}
`

/** Sequential jobs that do nothing. */
export const stepsPlan = (key: string | null, steps: number): string => `${head('steps', key)}
stages:
  - name: work
    parallel: false
    jobs:
${Array.from({ length: steps }, (_, n) => `      - { name: step-${n + 1}, type: script, config: { script: "true" } }`).join('\n')}
`

/** One job behind an approval. */
export const approvalPlan = (key: string): string => `${head('approval', key)}
stages:
  - name: work
    requireApproval: true
    approval: { approvers: [lead] }
    jobs: [{ name: step-1, type: script, config: { script: "true" } }]
`

export interface PhaseSpec { percentage: number; duration: string; interval: string }

/** examples/shop's service by canary, judged by the gateway's counters. Variables: folder, failRate. */
export const canaryPlan = (phases: PhaseSpec[]): string => `${head('canary', null)}
variables: { folder: "", failRate: "0" }
stages:
  - name: ship
    jobs: [${shopRollout({ environment: { FAIL_RATE: '${variables.failRate}' }, drain: '100ms', phases: phases.map(({ percentage, duration, interval }) => ({ ...judged(percentage, duration, '<5%'), interval })) })}]
`

/** A workload of a cluster without HTTP, by canary: its share of the replicas is its share of the work. No holds. */
export const replicasCanaryPlan = (replicas: number, percentages: number[]): string => `${head('replicas', null)}
stages:
  - name: ship
    jobs:
      - name: rollout
        type: rollout
        config:
          service: bench
          deploy: { type: kubernetes, image: "registry.test/app:\${RELEASE_VERSION}", replicas: ${replicas}, drain: 100ms, keep: 1 }
          route: { gateway: replicas, name: bench }
          strategy:
            type: canary
            phases: [${percentages.map((percentage) => `{ percentage: ${percentage} }`).join(', ')}]
`

/** One job that does nothing on every target of the environment, all in one batch. */
export const fleetPlan = (parallel: number): string => `${head('fleet', null)}
stages:
  - name: roll
    targets: { all: true }
    strategy: { type: rolling, batchSize: 100%, parallel: ${parallel} }
    jobs: [{ name: update, type: script, config: { script: "true", rollbackScript: "true" } }]
`

/** A plan of one script job; `gated`: after a yes by the approver. `unique` keeps the lock of one test from another. */
export const scriptPlan = (unique: string, { gated = false, version = '1.0.0' } = {}): string => `
apiVersion: devops.release/v1
kind: ReleasePlan
metadata: { name: ${unique}, version: ${version} }
stages:
  - name: ship
    requireApproval: ${gated}
${gated ? '    approval: { approvers: [approver] }\n' : ''}    jobs:
      - name: upload
        type: script
        config: { script: "echo up", rollbackScript: "echo down" }
`

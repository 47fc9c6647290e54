// What reads and compiles plans on this machine. Loaded only by the commands that do: the schemas of all kinds take longer to load than most commands run.
export { collectBundle } from './bundle.js'
export { planSource } from './plan-source.js'
export { releaseRequest } from './release-request.js'
export { checkPlan, explained, printChecked, printExplained } from './check-plan.js'
export { givenVariables } from './given-variables.js'

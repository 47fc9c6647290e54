import { planReference } from './plan-reference.js'

process.stdout.write(planReference())

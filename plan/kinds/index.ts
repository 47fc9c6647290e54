import { analysis } from './analysis.js'
import { container } from './container.js'
import { ansible } from './ansible.js'
import { confluenceDoc } from './confluence-doc.js'
import { backup, cleanup } from './backup.js'
import { approval, condition, wait } from './flow.js'
import { gateway } from './gateway.js'
import { gitpull } from './gitpull.js'
import { helm } from './helm.js'
import { kubernetes } from './kubernetes.js'
import { notification } from './notification.js'
import { rollout } from './rollout.js'
import { script } from './script.js'
import { terraform } from './terraform.js'
import { testRunner } from './test-runner.js'
import { startService, stopService } from './services.js'
import { validation } from './validation.js'
import { webhook } from './webhook.js'
import { workflow } from './workflow.js'
import type { Static } from 'typebox'

/** Every kind this build has. A new kind: a file here, its line below, its runner. */
export const KINDS = {
  rollout, gateway,
  container, kubernetes,
  script, gitpull, backup, cleanup, start_service: startService, stop_service: stopService,
  helm, terraform, ansible,
  'test-runner': testRunner, 'confluence-doc': confluenceDoc, workflow,
  validation, analysis, wait, approval, condition, notification, webhook,
} as const
export type KindName = keyof typeof KINDS
export type ConfigOf<Name extends KindName> = Static<(typeof KINDS)[Name]['schema']>
export type ActivityKind = { [Name in KindName]: (typeof KINDS)[Name]['runsIn'] extends 'activity' ? Name : never }[KindName]
export type WorkflowKind = Exclude<KindName, ActivityKind>

import type { KindRunners } from '../kind-runner.js'
import { containerRunner } from './container.js'
import { backupRunner } from './backup.js'
import { cleanupRunner } from './cleanup.js'
import { gitpullRunner } from './gitpull.js'
import { ansibleRunner } from './ansible.js'
import { createConfluenceRunner, type DocumentDeps } from './confluence-doc.js'
import { createHelmRunner, type HelmDeps } from './helm.js'
import { kubernetesRunner } from './kubernetes/runner.js'
import { createNotificationRunner, type NotificationDeps } from './notification.js'
import { scriptRunner } from './script.js'
import { terraformRunner } from './terraform.js'
import { testRunner } from './test-runner.js'
import { startServiceRunner, stopServiceRunner } from './services.js'
import { validationRunner } from './validation.js'
import { createWebhookRunner } from './webhook.js'
import { createWorkflowRunner, type WorkflowDeps } from './workflow.js'

/** Every kind's runner. A kind whose schema is in plan/kinds and whose runner is not here does not compile. */
export const createKindRunners = (deps: NotificationDeps & DocumentDeps & HelmDeps & WorkflowDeps): KindRunners => ({
  container: containerRunner,
  script: scriptRunner,
  gitpull: gitpullRunner,
  backup: backupRunner,
  cleanup: cleanupRunner,
  start_service: startServiceRunner,
  stop_service: stopServiceRunner,
  validation: validationRunner,
  notification: createNotificationRunner(deps),
  webhook: createWebhookRunner(),
  'test-runner': testRunner,
  ansible: ansibleRunner,
  helm: createHelmRunner(deps),
  workflow: createWorkflowRunner(deps),
  terraform: terraformRunner,
  'confluence-doc': createConfluenceRunner(deps),
  kubernetes: kubernetesRunner,
})

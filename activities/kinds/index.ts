import type { KindRunners } from '../kind-runner.js'
import { containerRunner } from './container.js'
import { kubernetesRunner } from './kubernetes/runner.js'
import { createNotificationRunner, type NotificationDeps } from './notification.js'
import { scriptRunner } from './script.js'
import { validationRunner } from './validation.js'
import { createWebhookRunner } from './webhook.js'

/** Every kind's runner. A kind whose schema is in plan/kinds and whose runner is not here does not compile. */
export const createKindRunners = (notification: NotificationDeps): KindRunners => ({
  container: containerRunner,
  script: scriptRunner,
  validation: validationRunner,
  notification: createNotificationRunner(notification),
  webhook: createWebhookRunner(),
  kubernetes: kubernetesRunner,
})

import type { HostPort } from '../../drivers/hosts/port.js'
import type { KindRunners } from '../kind-runner.js'
import { createNotificationRunner, type NotificationDeps } from './notification.js'
import { createScriptRunner } from './script.js'
import { createValidationRunner } from './validation.js'
import { createWebhookRunner } from './webhook.js'

/** Every kind's runner. A kind whose schema is in plan/kinds and whose runner is not here does not compile. */
export const createKindRunners = ({ host, ...notification }: { host: HostPort } & NotificationDeps): KindRunners => ({
  script: createScriptRunner({ host }),
  validation: createValidationRunner({ host }),
  notification: createNotificationRunner(notification),
  webhook: createWebhookRunner(),
})

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { listApprovalsRoute } from './approvals/list.js'
import { listAuditRoute } from './audit/list.js'
import { getBundleRoute } from './bundles/get.js'
import { uploadBundleRoute } from './bundles/upload.js'
import { deletePlanRoute } from './plans/delete.js'
import { explainPlanRoute } from './plans/explain.js'
import { getPlanRoute } from './plans/get.js'
import { listPlansRoute } from './plans/list.js'
import { savePlanRoute } from './plans/save.js'
import { validateStoredPlanRoute } from './plans/validate-stored.js'
import { validatePlanRoute } from './plans/validate.js'
import { abortRoute } from './releases/abort.js'
import { approveRoute } from './releases/approve.js'
import { releaseEventsRoute } from './releases/events.js'
import { getReleaseRoute } from './releases/get.js'
import { listReleasesRoute } from './releases/list.js'
import { releaseLogsRoute } from './releases/logs.js'
import { pauseRoute } from './releases/pause.js'
import { promoteRoute } from './releases/promote.js'
import { rejectRoute } from './releases/reject.js'
import { releaseReportRoute } from './releases/report.js'
import { resumeRoute } from './releases/resume.js'
import { retryRoute } from './releases/retry.js'
import { rollbackRoute } from './releases/rollback.js'
import { startReleaseRoute } from './releases/start.js'
import { watchReleaseRoute } from './releases/watch.js'
import { healthRoute } from './system/health.js'
import { indexRoute } from './system/index-page.js'
import { kindsRoute } from './system/kinds.js'
import { metricsRoute } from './system/metrics.js'
import { planSchemaRoute } from './system/plan-schema.js'
import { createTokenRoute } from './tokens/create.js'
import { listTokensRoute } from './tokens/list.js'
import { revokeTokenRoute } from './tokens/revoke.js'

/** Every operation. */
export const ROUTES: FastifyPluginAsyncTypebox[] = [
  startReleaseRoute, listReleasesRoute, getReleaseRoute, releaseEventsRoute, releaseLogsRoute, releaseReportRoute, watchReleaseRoute,
  approveRoute, rejectRoute, pauseRoute, resumeRoute, promoteRoute, abortRoute, retryRoute, rollbackRoute,
  savePlanRoute, listPlansRoute, getPlanRoute, deletePlanRoute, validatePlanRoute, validateStoredPlanRoute, explainPlanRoute,
  uploadBundleRoute, getBundleRoute, listApprovalsRoute, listAuditRoute, createTokenRoute, listTokensRoute, revokeTokenRoute,
  healthRoute, metricsRoute, kindsRoute, planSchemaRoute, indexRoute,
]

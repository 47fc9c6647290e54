import type { Agents } from './agents.js'
import type { AuditList } from './audit-list.js'
import type { ApprovalList } from './approval-list.js'
import type { Bundles } from './bundles.js'
import type { Environments } from './environments.js'
import type { Health } from './health.js'
import type { Metrics } from './metrics.js'
import type { Plugins } from './plugins.js'
import type { Plans } from './plans.js'
import type { Projects } from './projects.js'
import type { ReleaseCommands } from './release-commands.js'
import type { ReleaseReads } from './release-reads.js'
import type { ReleaseTargets } from './release-targets.js'
import type { ReleaseStarts } from './release-starts.js'
import type { ReleaseWatch } from './release-watch.js'
import type { Role, User } from './roles.js'
import type { Targets } from './targets.js'
import type { Tokens } from './tokens.js'

/** What routes call. */
export interface Services {
  agents: Agents
  starts: ReleaseStarts
  reads: ReleaseReads
  releaseTargets: ReleaseTargets
  watch: ReleaseWatch
  commands: ReleaseCommands
  plans: Plans
  bundles: Bundles
  projects: Projects
  environments: Environments
  targets: Targets
  plugins: Plugins
  approvals: ApprovalList
  audit: AuditList
  tokens: Tokens
  health: Health
  metrics: Metrics
}

declare module 'fastify' {
  interface FastifyInstance { services: Services }
  interface FastifyRequest { user: User }
  interface FastifyContextConfig { /** Who may call it. */ role?: Role | 'public' }
}

import type { FastifyBaseLogger } from 'fastify'
import type { InstallationKey } from '../config/key.js'
import type { Settings } from '../config/settings.js'
import { failure } from '../domain/failures.js'
import type { Door } from '../domain/compiled-plan.js'
import { ApprovalStore } from '../store/approvals.js'
import { AuditStore } from '../store/audit.js'
import { BundleStore } from '../store/bundles.js'
import { EnvironmentStore } from '../store/environments.js'
import { EventStore } from '../store/events.js'
import type { PrismaClient } from '../store/generated/client.js'
import { LogStore } from '../store/logs.js'
import { InstallationStore } from '../store/installations.js'
import { PlanStore } from '../store/plans.js'
import { ReleaseSecretStore } from '../store/release-secrets.js'
import { ProjectStore } from '../store/projects.js'
import { ReleaseStore } from '../store/releases.js'
import { SnapshotStore } from '../store/snapshots.js'
import { TargetStore } from '../store/targets.js'
import { TargetRunStore } from '../store/target-runs.js'
import { TokenStore } from '../store/tokens.js'
import { Agents, type AgentDeps } from './agents.js'
import { ApprovalList } from './approval-list.js'
import { AuditList } from './audit-list.js'
import { Authentication } from './authentication.js'
import { Bundles } from './bundles.js'
import { Environments } from './environments.js'
import { EventFeed } from './event-feed.js'
import { Health } from './health.js'
import { Metrics } from './metrics.js'
import { PlanCompiler } from './plan-compiler.js'
import { Plans } from './plans.js'
import { Plugins } from './plugins.js'
import { Previews } from './previews.js'
import { Projects } from './projects.js'
import { ReleaseCommands } from './release-commands.js'
import { ReleaseReads } from './release-reads.js'
import { ReleaseStarter } from './release-starter.js'
import { ReleaseStarts } from './release-starts.js'
import { ReleaseTargets } from './release-targets.js'
import { ReleaseWatch } from './release-watch.js'
import { Rollbacks } from './rollbacks.js'
import type { Temporal } from './temporal.js'
import { Targets } from './targets.js'
import { Tokens } from './tokens.js'
import type { Services } from './types.js'

export interface Wires { settings: Settings; database: PrismaClient; temporal: Temporal; key: InstallationKey; log: FastifyBaseLogger; /** For agents; api/server.ts has the sources. */ resolveSecret?: AgentDeps['resolveSecret'] }

/** Every service of the API on one database, one Temporal, one key. The starter does nothing until it is told to run. */
export function wireServices({ settings, database, temporal, key, log, resolveSecret = noSecrets }: Wires): { services: Services; authentication: Authentication; starter: ReleaseStarter; tokens: TokenStore } {
  const taskQueue = settings.RELEASECTL_TASK_QUEUE
  const [releases, events, tokens, bundleStore] = [new ReleaseStore(database), new EventStore(database), new TokenStore(database), new BundleStore(database, key)]
  const audit = new AuditStore(database)
  const targetStore = new TargetStore(database)
  const authentication = new Authentication(tokens)
  const plugins = new Plugins(settings.RELEASECTL_HOME)
  const compiler = new PlanCompiler(namesIn(settings.RELEASECTL_PLAN_ENV), () => plugins.kinds())
  const bundles = new Bundles({ bundles: bundleStore, audit })
  const plans = new Plans({ plans: new PlanStore(database), bundles, audit, compiler })
  const projects = new Projects({ projects: new ProjectStore(database), audit })
  const environments = new Environments({ environments: new EnvironmentStore(database), projects, audit })
  const starter = new ReleaseStarter({ releases, temporal, taskQueue, log })
  const previews = new Previews({ bundles: bundleStore, secrets: new ReleaseSecretStore(database, key), compiler, temporal, key, taskQueue })
  const targetRuns = new TargetRunStore(database)
  const reads = new ReleaseReads({ releases, events, temporal, targetRuns })
  const services: Services = {
    agents: new Agents({
      targets: targetStore, releases, logs: new LogStore(database), bundles: bundleStore, snapshots: new SnapshotStore(database), key, resolveSecret,
      temporal: { address: settings.TEMPORAL_ADDRESS, namespace: settings.TEMPORAL_NAMESPACE, workerQueue: taskQueue },
    }),
    starts: new ReleaseStarts({ releases, bundles: bundleStore, plans, compiler, starter, previews, key, doors: namesIn(settings.RELEASECTL_DOORS) as Door[] }),
    reads, releaseTargets: new ReleaseTargets({ runs: targetRuns, reads }),
    watch: new ReleaseWatch({ releases, events, feed: new EventFeed(events, log) }),
    commands: new ReleaseCommands({ reads, audit, temporal, key, rollbacks: new Rollbacks({ releases, temporal, taskQueue }) }),
    plans, bundles, plugins, projects, environments,
    targets: new Targets({ targets: targetStore, installations: new InstallationStore(database), environments, audit, key }),
    approvals: new ApprovalList(new ApprovalStore(database)), audit: new AuditList(audit),
    tokens: new Tokens({ tokens, targets: targetStore, audit, authentication }),
    health: new Health({ database, temporal }), metrics: new Metrics(releases),
  }
  return { services, authentication, starter, tokens }
}

const noSecrets = async (): Promise<never> => { throw failure('SECRET_MISSING', 'this API has no sources of secrets') }
const namesIn = (list: string): string[] => list.split(',').map((name) => name.trim()).filter((name) => name !== '')

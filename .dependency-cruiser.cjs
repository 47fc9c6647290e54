/** Who may import whom (design §2). A room's list is what it may import besides itself and packages. */
const rooms = {
  domain: [], plan: ['domain'], plugins: ['domain', 'plan/kinds', 'plan/kind.ts', 'plan/plan-keywords.ts'], drivers: ['domain'], store: ['domain'], config: [], edge: ['domain'],
  activities: ['domain', 'store', 'plan/kinds', 'plan/kind.ts', 'plan/schema-parts.ts', 'plan/addresses.ts', 'plugins/port.ts', 'drivers/[^/]+/port.ts', 'config', 'workflows/messages.ts'],
  workflows: ['domain'],
  api: ['domain', 'plan', 'plugins', 'store', 'config', 'workflows/messages.ts', 'activities/contract.ts'],
  cli: ['domain', 'plan', 'plugins', 'config'], web: [],
}
const wires = ['worker.ts', 'agent.ts', 'api/server.ts', 'embedded', 'bench', 'test', 'examples']
const inRoom = (room) => `^${room}/`
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
    ...Object.entries(rooms).map(([room, may]) => ({
      name: `door-${room}`, severity: 'error',
      from: { path: inRoom(room), pathNot: wires.map((wire) => `^${wire}`) },
      to: { path: '^(plan|plugins|domain|api|workflows|activities|drivers|store|config|cli|web|edge|embedded|bench|test|examples|worker\\.ts|agent\\.ts)',
            pathNot: [inRoom(room), ...may.map((other) => `^${other}(/|$)`)], dependencyTypesNot: room === 'workflows' ? ['type-only'] : [] },
    })),
    { name: 'workflows-types-only-from', severity: 'error', from: { path: '^workflows/' }, to: { dependencyTypes: ['type-only'], path: '^(api|store|cli|embedded|edge|config)/' } },
    { name: 'drivers-know-neither-temporal-nor-each-other', severity: 'error', from: { path: '^drivers/([^/]+)/' }, to: { path: '^drivers/', pathNot: '^drivers/($1/|[^/]+/port\\.ts$)' } },
    { name: 'drivers-without-temporal', severity: 'error', from: { path: '^(drivers|plan|edge|cli)/' }, to: { path: 'node_modules/@temporalio/(worker|client|workflow|activity)' } },
    { name: 'workflows-without-node', severity: 'error', from: { path: '^(workflows|domain)/' }, to: { dependencyTypes: ['core'] } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' }, exclude: { path: '(store/generated|\\.releasectl)' },
    tsPreCompilationDeps: true, tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
}

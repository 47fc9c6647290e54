import { defineConfig } from 'vitest/config'

const UNIT = ['domain', 'plan', 'drivers', 'store', 'docs']
const SLOW = ['test/contract/**', 'test/workflows/**', 'test/e2e/**']
const folders = (names: string[]): string[] => names.map((name) => `test/${name}/**/*.test.ts`)

/**
 * Five kinds of tests by folder; `--project unit` runs one. `unit` is quick; `integration` are the rooms that start processes: activities,
 * api, cli and the rest. All share the servers of test/support/shared-servers.ts.
 */
export default defineConfig({
  test: {
    globalSetup: ['test/support/shared-servers.ts'],
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'unit', include: folders(UNIT), testTimeout: 120_000, hookTimeout: 60_000 } },
      { extends: true, test: { name: 'integration', include: ['test/**/*.test.ts'], exclude: [...SLOW, ...folders(UNIT)], testTimeout: 120_000, hookTimeout: 60_000 } },
      { extends: true, test: { name: 'contract', include: ['test/contract/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 300_000 } },
      { extends: true, test: { name: 'workflow', include: ['test/workflows/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 120_000 } },
      { extends: true, test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 300_000 } },
    ],
  },
})

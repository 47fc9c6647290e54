import { Type, type Static } from 'typebox'
import { defineKind } from '../kind.js'
import { strict } from '../schema-parts.js'

export const TestRunnerConfig = Type.Object({
  testSuite: Type.Optional(Type.String({ minLength: 1, pattern: '^[\\w][\\w.-]*$', alsoSpelt: ['suite'], description: 'name of a suite. Without a command it is run: a file of the bundle (<suite>, <suite>.sh, also in tests/), else a program of that name on the machine. The tests find it as TEST_SUITE' })),
  command: Type.Optional(Type.String({ minLength: 1, maxLength: 65_536, literal: true, alsoSpelt: ['script'], description: 'the text, or a file of the bundle, that runs the tests' })),
  interpreter: Type.String({ default: '/bin/bash' }),
  workDir: Type.Optional(Type.String()),
  files: Type.Optional(Type.Array(Type.String(), { description: 'files and folders of the bundle that are put into the working folder first' })),
  environment: Type.Optional(Type.Union([Type.String(), Type.Record(Type.String(), Type.String())], { description: 'text: the environment under test, found as TEST_ENVIRONMENT; a map: environment variables' })),
  reports: Type.Optional(Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1 })], { alsoSpelt: ['report', 'reportFiles'], description: 'JUnit XML or TAP files, * and ? allowed. Default: *.xml and *.tap in the working folder and in reports/, else what the command prints, if it is TAP' })),
  maxFailures: Type.Optional(Type.Integer({ minimum: 0, description: 'failed tests that are let pass; default: none, unless minPassRate is given' })),
  minPassRate: Type.Optional(Type.Number({ minimum: 0, maximum: 100, description: 'percent of the tests that ran that must have passed' })),
  showFailures: Type.Integer({ minimum: 1, maximum: 100, default: 10, description: 'how many failed tests are named in the outputs' }),
}, strict)
export type TestRunnerConfig = Static<typeof TestRunnerConfig>

/** Run tests, or read what others have run, into the release's report. */
export const testRunner = defineKind({
  name: 'test-runner', aliases: ['tests'], description: 'Runs tests, or reads JUnit XML and TAP files, and fails on failed ones',
  schema: TestRunnerConfig, runsIn: 'activity', actsOn: 'machine', acts: false, variables: true, defaultTimeout: '30m',
  check: ({ testSuite, command, reports }) => testSuite === undefined && command === undefined && reports === undefined ? [{ path: '', message: 'needs a testSuite or a command to run, or reports to read' }] : [],
})

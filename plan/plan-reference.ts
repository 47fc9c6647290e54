import { builtIns, placeholderContext } from './context.js'
import { ISSUES } from './issue.js'
import { KINDS } from './kinds/index.js'
import type { Kind } from './kind.js'
import { MAX_DEPTH, MAX_FILE_BYTES, MAX_INCLUDE_DEPTH, MAX_INCLUDES, MAX_JOBS, MAX_PLAN_BYTES, MAX_VALUES } from './limits.js'
import { planSchema, type PlanSchema } from './plan-keywords.js'
import { PlanSpec, StageSpec } from './plan-schema.js'
import { VARIABLE_FORMS } from './variables.js'

/** docs/plan.md: what a plan may say, from the same schemas that check it. */
export function planReference(): string {
  return [
    INTRO,
    '## The file\n',
    table(planSchema(PlanSpec), ['pipeline', 'stages', 'rollback']),
    '## A stage and its jobs\n\n`stages` and `rollback.stages` are lists of these; `pipeline` has the lists `pre_release`, `release` and `post_release` of jobs instead.\n',
    table(planSchema(StageSpec), []),
    TARGETS,
    REFERENCES,
    VARIABLES,
    CONDITIONS,
    SPELLING,
    '## Job kinds\n',
    DEPLOY,
    ...(Object.values(KINDS) as Kind[]).map(kindSection),
    LIMITS,
    '## Issues\n\nA code is public: it is never renamed.\n\n| code | means |\n| --- | --- |',
    ...Object.entries(ISSUES).map(([code, text]) => `| \`${code}\` | ${cell(text)} |`),
    '',
  ].join('\n')
}

const INTRO = `# The plan language

This page is written by \`npx tsx plan/docs.ts > docs/plan.md\` from the schemas that check a plan. A plan is one YAML file
(\`apiVersion: devops.release/v1\`, \`kind: ReleasePlan\`) and the files it includes. It is compiled before anything happens: either all of
it is right, or every issue is told with its code, file, line and column. Examples lie in \`examples/plans/\`.

A **stage** is a gate (approval, condition) and the jobs behind it; a **job** is one unit of work of a *kind*.
Stages go one after the other. Within a stage jobs start as soon as what they depend on is done; \`parallel: false\` takes them in
turn. When a job fails, \`onError\` decides: \`rollback\` (take everything back, the default), \`stop\`, \`continue\`. A stage with
\`requireApproval: true\` that names nobody is approved by anyone with the role approver; an approval without \`expires\` waits 72 hours.
A stage that names \`approvers\` or \`approval\` needs approval even without \`requireApproval\`.
`

const TARGETS = `
## Stages with targets

\`\`\`yaml
stages:
  - name: roll
    targets: { selector: { role: web }, offline: wait, offlineWait: 10m }   # or [web-1, web-2], or { all: true }, or { type: kubernetes }
    strategy: { type: rolling, batchSize: 25%, interval: 30s, maxFailures: 1 }
    jobs:
      - { name: update, type: script, config: { script: '/opt/shop/update.sh "$RELEASE_VERSION"' } }
  - name: clusters
    strategy:
      type: canary
      clusterOrder:
        - { priority: 1, targets: [cluster-staging], verifyDuration: 10m }
        - { priority: 2, targets: [cluster-eu, cluster-us], canaryPercent: 50, approvalRequired: true }
        - { priority: 3, targets: [cluster-eu, cluster-us], fullRollout: true }
    jobs:
      - { name: apply, type: kubernetes, config: { manifests: ./k8s } }
\`\`\`

Targets are records of the environment (\`releasectl targets add\`). Where a job acts is what its own config names, else what its target's record says:
\`ssh\` for commands, \`docker\` for containers (a machine without it: the engine on it, by its SSH login), \`kubernetes\` for \`kubernetes\` and \`helm\` jobs.
A target that has no such place fails the job. \`releasectl run --dry-run\` tells wave by wave what would change on the first targets.

The jobs of a stage with \`targets\` run once for each target of the release's environment that it chooses: \`selector\` (labels), \`names\`, \`type\`,
\`all: true\`; what is given must all hold. Higher \`priority\` goes first, then the name. \`strategy\` says how:

| strategy | goes |
| --- | --- |
| \`rolling\` | batch by batch: \`batchSize\` (a number or a share), \`interval\` between; without a strategy one target after the other |
| \`canary\` with \`canaryPercent\`, \`canaryTargets\` or \`canarySelector\` | first those, then \`verifyDuration\` with \`healthCheck\` and \`analysis\`, then (\`autoPromote: false\`: after a yes) the rest |
| \`canary\` with \`clusterOrder\` | wave by wave, the lowest \`priority\` first; each may take a share (\`canaryPercent\`), ask (\`approvalRequired\`) and be watched. \`fullRollout\` takes whom an earlier wave left. Needs no \`targets\` beside it when its entries name theirs |

A target that failed is taken back by itself (\`rollbackFailed\`) and the others go on, until more have failed than \`maxFailures\` or fewer can
succeed than \`minSuccess\`; without either none may fail. Then the stage has failed, and \`onError\` decides. A target that failed and could not be
taken back always fails the stage. A wave is judged as one: what its check finds wrong fails the stage. Jobs in such a stage ask nobody: approvals belong to
the stage or its strategy. Outputs of its jobs are read by the same target's jobs only. Approvals are named \`<stage>/<wave>\`.
`

const REFERENCES = `
## References

| written | is |
| --- | --- |
| \`\${variables.a.b}\`, \`\${variables.list[0]}\` | a variable, or a part of it |
| \`\${NAME}\` | the same, or a built-in: ${Object.keys(builtIns(placeholderContext())).map((name) => `\`${name}\``).join(', ')} |
| \`\${metadata.version}\` | what the plan says about itself |
| \`\${includes.notifications.done}\` | a value of an included file: by its \`kind\`, else its file name without extension |
| \`\${includes.strategies.canary}\` | the whole file \`strategies/canary.yaml\`: folder, then file; the folder wins over a file of its name |
| \`\${env.NAME}\` | an environment variable: always late, its value never enters a history |
| \`\${jobs.build.outputs.image}\`, \`\${jobs["a.b"].outputs.x}\` | an output of a job that is done by then |
| \`\${target.host}\`, \`\${target.labels.zone}\`, \`\${TARGET_HOST}\` | of the target a job runs for: \`id\`, \`name\`, \`type\`, \`via\`, \`host\`, \`priority\`, \`labels\`; only in stages with \`targets\` |
| \`$\${x}\` | the text \`\${x}\` |

A reference that is the whole value keeps its type; in the middle of a text it becomes text, and a map or list there is an issue.
A number where text is wanted becomes text, as it is written; numeric text where a number is wanted becomes a number.
Keys are never filled in, nor is a text marked *as it is* below (scripts, templates): such a text that is one line, starts with \`./\` and
names a file of the bundle stands for that file's text. An issue inside an include points into that include.

\`includes: [{ path: ./common/x.yaml }]\` is relative to the file it stands in and stays within the bundle; an include may include. The keys
\`apiVersion\`, \`kind\`, \`includes\` and \`variables\` of an included file are about the file, not part of its content. Its \`variables\` are
defaults: later includes win over earlier ones, a file over those it includes, the plan over all.
`

const VARIABLES = `
## Variables

Later wins: built-ins < system < project < environment < includes < the plan's own < release < run time. A plain value, list or map is
itself. A map with a \`type\` is one of these forms, each with an optional \`description\`:

| type | keys | value |
| --- | --- | --- |
${Object.entries(VARIABLE_FORMS).map(([form, keys]) => `| \`${form}\` | ${keys.map((key) => `\`${key}\``).join(', ')} | ${FORM_TEXTS()[form] ?? ''} |`).join('\n')}

A type holds for the bare value of a higher layer too: \`replicas: { type: number }\` takes \`"5"\` from a release as 5, and what a release
gives for a \`secret\` is stored sealed, its value in no plan, history or log. A form without value needs one from another layer.
`

const CONDITIONS = `
## Conditions

\`condition\` of stages and jobs and the \`condition\` kind are CEL over \`variables\`, \`metadata\`, \`env\`, \`includes\`, \`jobs\` (\`jobs.smoke.status\`,
\`jobs["a-b"].outputs.x\`), \`release\`, in jobs of a stage with targets \`target\` (\`target.labels.zone\`) and, where metrics are judged, \`result\`. No \`\${}\` in them. They are parsed and type-checked when
the plan is compiled. The values a condition reads go with the release and are **visible**: so a condition that names a secret is an
issue, and a name of \`env\` in a condition makes its value visible. Status and outputs of a job can be read where it is done by then.
\`has(variables.x)\` asks whether a name is there.
`

const SPELLING = `
## Other spellings

snake_case is accepted for every key a schema knows (\`on_error\`, \`depends_on\`), never inside free maps such as \`variables\`,
\`environment\` or \`headers\`. \`tasks\` is \`jobs\`, \`release_window\` is \`window\`. A bare number where a duration is wanted is seconds.
\`retries: 3\` and \`retry: 3\` are one try and three more; \`retry_delay\` is the wait between. A job's \`timeout\` may stand in its config where the
kind has none of its own. \`blue_green\` and \`bluegreen\` are \`blue-green\`. A file with a \`pipeline\` needs no other key.
\`notifications.channels\` are written out in the notification jobs that name them, \`notifications.templates\` likewise; a channel or template the
plan does not define stays a name for the installation to know.
`

const DEPLOY = `### \`deploy\`, \`rollback\`

They stand for the kind the plan deploys by: its top-level \`deploy: { type: script, config: … }\`, or \`type\` and \`config\` in the job's own config.
Other keys of the job's config go over those of the deploy's. \`rollback\` is that kind with \`operation: rollback\`; \`target_version\` is the
version to go back to (default: the one before), \`skip_checks: true\` goes back to one that was never recorded, too.
`

const LIMITS = `
## Limits

A file ${MAX_FILE_BYTES} bytes, ${MAX_DEPTH} levels and ${MAX_VALUES} values with its aliases written out; ${MAX_INCLUDES} includes, ${MAX_INCLUDE_DEPTH} levels deep; ${MAX_JOBS} jobs; the compiled plan ${MAX_PLAN_BYTES} bytes of JSON.
`

function FORM_TEXTS(): Record<string, string> {
  return {
    plain: 'anything', string: 'text', number: 'a number, or text that is one', boolean: 'true or false', list: 'a list, or text with commas',
    secret: '`from: "env:NAME"` or `from: "file:/path"`, or `value: "encrypted:AES256:…"`; never written out',
    env_specific: 'the one of `values` for the release\'s environment, else `default`', template: 'a text with references', external: '`source: env` or `file`, and `key`: a secret from there',
  }
}

function kindSection(kind: Kind): string {
  const traits = [
    kind.aliases.length > 0 ? `Also \`${kind.aliases.join('`, `')}\`.` : '', `Timeout ${kind.defaultTimeout} unless the job says otherwise.`,
    kind.undo ? 'Can be taken back.' : '', kind.variables ? 'Is given the plan\'s variables.' : '',
  ].filter((text) => text !== '')
  return `### \`${kind.name}\`\n\n${kind.description}. ${traits.join(' ')}\n\n${table(planSchema(kind.schema), [])}`
}

interface Row { key: string; type: string; required: boolean; fallback: string; text: string }

function table(schema: PlanSchema, skipInside: readonly string[]): string {
  const rows = rowsOf(schema, '', skipInside)
  return ['| key | value | default | |', '| --- | --- | --- | --- |', ...rows.map(({ key, type, required, fallback, text }) => `| \`${key}\`${required ? ' **required**' : ''} | ${cell(type)} | ${cell(fallback)} | ${cell(text)} |`), ''].join('\n')
}

function rowsOf(schema: PlanSchema, prefix: string, skipInside: readonly string[]): Row[] {
  return Object.entries(schema.properties ?? {}).filter(([, property]) => property.notInThisBuild === undefined).flatMap(([name, property]) => {
    const fallback = property.default === undefined || JSON.stringify(property.default) === '{}' ? '' : `\`${JSON.stringify(property.default)}\``
    const required = schema.required?.includes(name) === true && property.default === undefined
    const row = { key: `${prefix}${name}`, type: typeText(property), required, fallback, text: `${property.description ?? ''}${property.literal === true ? ' (as it is)' : ''}` }
    return [row, ...skipInside.includes(name) ? [] : inside(property, `${prefix}${name}`, skipInside)]
  })
}

/** The keys below a key, those of each branch of a union under its `type`. */
function inside(schema: PlanSchema, key: string, skip: readonly string[]): Row[] {
  if (schema.items) return inside(schema.items, `${key}[]`, skip)
  if (schema.anyOf) return schema.anyOf.flatMap((branch) => {
    const type = branch.properties?.['type']?.const
    return inside(branch, type === undefined ? key : `${key}(${String(type)})`, skip)
  })
  return rowsOf(schema, `${key}.`, skip)
}

function typeText(schema: PlanSchema): string {
  if (schema.const !== undefined) return `\`${String(schema.const)}\``
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeText))].join(' or ')
  if (schema.format !== undefined) return FORMAT_WORDS[schema.format] ?? schema.format
  if (schema.patternProperties) return 'map of name to value'
  if (schema.items) return `list of ${typeText(schema.items)}`
  const { minimum, maximum } = schema as { minimum?: number; maximum?: number }
  const range = minimum === undefined ? '' : maximum === undefined ? `, from ${minimum}` : `, ${minimum} to ${maximum}`
  return `${TYPE_WORDS[schema.type ?? ''] ?? 'anything'}${range}`
}

const FORMAT_WORDS: Record<string, string> = { duration: 'duration', cel: 'CEL', threshold: 'threshold', uri: 'URL', 'date-time': 'date and time', timezone: 'time zone' }
const TYPE_WORDS: Record<string, string> = { string: 'text', number: 'number', integer: 'whole number', boolean: 'true or false', object: 'map', array: 'list' }
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

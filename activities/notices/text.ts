import { failure } from '../../domain/failures.js'
import type { Json, JsonObject } from '../../domain/json.js'
import { lateParts } from '../../domain/late-value.js'

const BUILT_IN: Record<string, string> = {
  release_start: 'The release of ${PROJECT_NAME} ${RELEASE_VERSION} to ${RELEASE_ENV} has started.\nStarted by ${RELEASE_USER}, release ${RELEASE_ID}',
  release_success: '${PROJECT_NAME} ${RELEASE_VERSION} is out in ${RELEASE_ENV}.\nStarted by ${RELEASE_USER}, release ${RELEASE_ID}',
  release_failed: 'The release of ${PROJECT_NAME} ${RELEASE_VERSION} to ${RELEASE_ENV} has failed.\nStarted by ${RELEASE_USER}, release ${RELEASE_ID}',
  approval_required: 'The release of ${PROJECT_NAME} ${RELEASE_VERSION} to ${RELEASE_ENV} waits for approval.\nStarted by ${RELEASE_USER}, release ${RELEASE_ID}',
}
const GENERIC = '${PROJECT_NAME} ${RELEASE_VERSION}, ${RELEASE_ENV}: ${WHAT}.\nStarted by ${RELEASE_USER}, release ${RELEASE_ID}'
const NAME = /^\w+(?:-\w+)*$/
const FILE = /^[\w./-]+\.\w{1,10}$/

/**
 * A template by its name: the installation's, a built-in one (`release_start` or `release-start`), a file of the bundle.
 * Any other name says itself in a line about the release; what is no name is the text. @throws CONFIG_INVALID for a file there is not
 */
export async function templateText(name: string, installation: { template(name: string): string | undefined }, bundleFile: (path: string) => Promise<string | null>): Promise<string> {
  const found = installation.template(name) ?? BUILT_IN[name.replaceAll('-', '_')] ?? await bundleFile(name)
  if (found !== null) return found
  if (FILE.test(name)) throw failure('CONFIG_INVALID', `no template ${name}: the bundle has no such file`)
  return NAME.test(name) ? GENERIC.replace('${WHAT}', spoken(name)) : name
}

/** `pre-release-notification` → `pre release notification`; null for what is no name. */
export const spokenName = (template: string | undefined): string | null => template !== undefined && NAME.test(template) ? spoken(template) : null
const spoken = (name: string): string => name.replaceAll(/[-_]+/g, ' ')

/** `${NAME}` and `${variables.NAME}` of known names; all others stay as they are written. Nothing filled in is looked into again. */
export const render = (text: string, known: ReadonlyMap<string, string>): string =>
  text.replace(/\$\{(?:variables\.)?(\w+)\}/g, (written, name: string) => known.get(name) ?? written)

/** The plan's variables over the release's own names. Secret ones are left out: a notice is no place for them. */
export const knownNames = (system: Record<string, string>, variables: JsonObject): Map<string, string> =>
  new Map([...Object.entries(system), ...Object.entries(variables).filter(([, value]) => lateParts(value).length === 0).map(([name, value]) => [name, asText(value)] as const)])

const asText = (value: Json): string => typeof value === 'string' ? value : JSON.stringify(value)

import { failure } from '../../domain/failures.js'

/** For plans that name `release-template` or the like without bringing one. */
const RELEASE_NOTES = `<p>\${PROJECT_NAME} <strong>\${RELEASE_VERSION}</strong> to \${RELEASE_ENV}.</p>
<table><tbody>
<tr><th>Version</th><td>\${RELEASE_VERSION}</td></tr>
<tr><th>Environment</th><td>\${RELEASE_ENV}</td></tr>
<tr><th>Started by</th><td>\${RELEASE_USER}</td></tr>
<tr><th>Started at</th><td>\${RELEASE_TIME}</td></tr>
<tr><th>Release</th><td><code>\${RELEASE_ID}</code></td></tr>
</tbody></table>`
const BUILT_IN = /^release(?:[-_]notes)?(?:[-_]template)?$/

/** A file of the bundle, with or without its ending, else the built-in release notes. @throws CONFIG_INVALID when it is neither */
export async function pageTemplate(name: string, bundleFile: (path: string) => Promise<string | null>): Promise<string> {
  for (const path of [name, `${name}.xhtml`, `${name}.xml`, `${name}.html`]) {
    const file = await bundleFile(path)
    if (file !== null) return file
  }
  if (BUILT_IN.test(name)) return RELEASE_NOTES
  throw failure('CONFIG_INVALID', `no template ${name}: the bundle has no such file; built in is release-notes`)
}

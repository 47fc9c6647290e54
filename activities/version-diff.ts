const HIDDEN = '***'

/** What can be told of a version before it runs. */
export interface Version {
  /** By what it is: `image`, `port`, `command`. */
  parts: Record<string, string[]>
  environment: Record<string, string>
  /** Names of the variables whose values are secret; null: nobody knows, so all are. */
  secret: string[] | null
}

/** In what two versions differ, a line each; undefined: in nothing. A value that is or was secret is hidden. */
export function versionDiff(before: Version, after: Version): string | undefined {
  const parts = [...new Set([...Object.keys(before.parts), ...Object.keys(after.parts)])]
  const all = [...parts.flatMap((part) => lines(part, before.parts[part] ?? [], after.parts[part] ?? [])), ...variables(before, after)]
  return all.length > 0 ? all.join('\n') : undefined
}

/** Without what an image or a release sets by itself. */
export const withoutKnown = (all: Record<string, string>, image: Record<string, string>, system: string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(all).filter(([name, value]) => image[name] !== value && !system.includes(name)))

function variables(before: Version, after: Version): string[] {
  return [...new Set([...Object.keys(before.environment), ...Object.keys(after.environment)])].sort().flatMap((name) => {
    const [old, now] = [before.environment[name], after.environment[name]]
    if (old === now) return []
    const isSecretNow = after.secret?.includes(name) !== false
    const show = (value: string | undefined, isHidden: boolean): string[] => value === undefined ? [] : [`${name}=${isHidden ? HIDDEN : value}`]
    return lines('env', show(old, isSecretNow || before.secret?.includes(name) !== false), show(now, isSecretNow || before.secret?.includes(name) === true), true)
  })
}

function lines(what: string, before: string[], after: string[], always = false): string[] {
  if (!always && before.join() === after.join()) return []
  return [...before.map((line) => `-${what} ${line}`), ...after.map((line) => `+${what} ${line}`)]
}

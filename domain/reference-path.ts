const STEP = /([^.[\]"'\s][^.[\]"']*)|\[\s*(?:(\d+)|"([^"]*)"|'([^']*)')\s*\]/y

/** `variables.a[0]["b c"]` → [variables, a, 0, b c]; null when the text is no path. */
export function splitPath(text: string): string[] | null {
  const steps: string[] = []
  const path = text.trim()
  let at = 0
  while (at < path.length) {
    if (at > 0 && path[at] === '.') at += 1
    else if (at > 0 && path[at] !== '[') return null
    STEP.lastIndex = at
    const match = STEP.exec(path)
    const step = match?.[1]?.trimEnd() ?? match?.[2] ?? match?.[3] ?? match?.[4]
    if (step === undefined) return null
    steps.push(step)
    at = STEP.lastIndex
  }
  return steps.length > 0 ? steps : null
}

/** The reverse: a step that dots cannot carry is written `["…"]`. */
export const joinPath = (steps: readonly string[]): string =>
  steps.map((step, n) => /^[^.[\]"'\s]+$/u.test(step) ? (n === 0 ? step : `.${step}`) : `[${JSON.stringify(step)}]`).join('')

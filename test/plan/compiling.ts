import { compilePlan, type CompileResult } from '../../plan/compile.js'
import { placeholderContext, type CompileContext } from '../../plan/context.js'
import type { CompiledPlan } from '../../domain/compiled-plan.js'
import type { Issue } from '../../plan/issue.js'

/** Three lines every plan has. */
export const HEADER = 'apiVersion: devops.release/v1\nkind: ReleasePlan\nmetadata: { name: shop, version: 2.4.0 }\n'

/** Compile one file, and those beside it, without a release unless the context says so. */
export const compileText = (text: string, files: Record<string, string> = {}, context: Partial<CompileContext> = {}): CompileResult =>
  compilePlan({ entry: 'plan.yaml', files: { ...files, 'plan.yaml': text } }, placeholderContext(context))

export function planOf(text: string, files: Record<string, string> = {}, context: Partial<CompileContext> = {}): CompiledPlan {
  const result = compileText(text, files, context)
  if (!result.valid) throw new Error(result.issues.map(({ code, line, column, message }) => `${code} ${line}:${column} ${message}`).join('\n'))
  return result.plan
}

export function issuesOf(text: string, files: Record<string, string> = {}, context: Partial<CompileContext> = {}): Issue[] {
  const result = compileText(text, files, context)
  return result.valid ? result.warnings : result.issues
}

/** The text without its `«` marks, and where they stood, as `line:column`. */
export function marked(text: string): { text: string; places: string[] } {
  const places = [...text.matchAll(/«/gu)].map(({ index }, n) => {
    const before = text.slice(0, index).replaceAll('«', '')
    return `${before.split('\n').length}:${index - n - before.lastIndexOf('\n')}`
  })
  return { text: text.replaceAll('«', ''), places }
}

/** A plan of one stage whose one job is a script. */
export const jobWith = (lines: string): string => `${HEADER}stages:\n  - name: one\n    jobs:\n      - name: smoke\n${lines.split('\n').map((line) => `        ${line}`).join('\n')}\n`

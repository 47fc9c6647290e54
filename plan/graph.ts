import { splitPath } from '../domain/reference-path.js'
import type { Mention } from '../domain/expression.js'
import type { Condition } from './config-check.js'
import type { IssueList } from './issue.js'
import type { JobDraft } from './jobs.js'
import { locate } from './locate.js'
import type { LateNode, Place } from './node.js'
import type { StageResult } from './structure.js'
import { nearest } from './suggest.js'

interface Spot { job: JobDraft; stage: number; order: number; result: StageResult }

/** How jobs hang together: names, what waits for what, whose outputs may be read where. */
export class Graph {
  readonly #stages: readonly StageResult[]
  readonly #issues: IssueList
  readonly #files: Map<string, string>
  readonly #main: Map<string, Spot>
  readonly #rollback: Map<string, Spot>

  constructor(stages: readonly StageResult[], files: Map<string, string>, issues: IssueList) {
    this.#stages = stages
    this.#issues = issues
    this.#files = files
    this.#main = this.#index(false)
    this.#rollback = this.#index(true)
  }

  /** Report everything that is wrong, and keep of `dependsOn` what is in the job's own stage: the rest is done by then. */
  check(): void {
    for (const [index, result] of this.#stages.entries()) {
      for (const condition of result.conditions) this.#checkCondition(condition, index, null)
      for (const node of result.lateNodes) this.#checkReferences(node, index, null)
      for (const [order, job] of result.jobs.entries()) {
        const spot = { job, stage: index, order, result }
        this.#checkDependencies(spot)
        for (const node of job.lateNodes) this.#checkReferences(node, index, spot)
        for (const condition of job.conditions) this.#checkCondition(condition, index, spot)
        if (job.compiled) job.compiled.dependsOn = [...new Set(job.dependsOn.map(({ name }) => name).filter((name) => this.#names(result).get(name)?.stage === index))]
      }
    }
    this.#checkCycles()
  }

  #index(rollback: boolean): Map<string, Spot> {
    const jobs = new Map<string, Spot>()
    const stageNames = new Set<string>()
    for (const [stage, result] of this.#stages.entries()) {
      if (result.rollback !== rollback) continue
      const { name } = result.stage
      if (name !== '' && stageNames.has(name)) this.#issues.add('DUPLICATE_NAME', result.place, `two stages are named ${name}`)
      stageNames.add(name)
      for (const [order, job] of result.jobs.entries()) {
        const other = jobs.get(job.name)
        if (job.name !== '' && other) this.#issues.add('DUPLICATE_NAME', job.place, `two jobs are named ${job.name}: the other is in stage ${other.result.stage.name}`)
        else jobs.set(job.name, { job, stage, order, result })
      }
    }
    return jobs
  }

  #names(result: StageResult): Map<string, Spot> { return result.rollback ? this.#rollback : this.#main }

  /** A rollback stage sees the release's own jobs too; they have ended by then. */
  #find(name: string, result: StageResult | undefined): Spot | undefined {
    return (result?.rollback === true ? this.#rollback.get(name) : undefined) ?? this.#main.get(name)
  }

  #checkDependencies(spot: Spot): void {
    for (const { name, place } of spot.job.dependsOn) {
      const other = this.#find(name, spot.result)
      if (!other) this.#issues.add('UNKNOWN_JOB', place, `no job is named ${name}`, nearest(name, this.#names(spot.result).keys()))
      else if (other.result.rollback === spot.result.rollback && (other.stage > spot.stage || (other.stage === spot.stage && !spot.result.stage.parallel && other.order > spot.order))) {
        this.#issues.add('DEPENDENCY_LATER', place, `${spot.job.name} cannot wait for ${name}, which comes later${other.stage > spot.stage ? `, in stage ${other.result.stage.name}` : ''}`)
      }
    }
  }

  #checkCondition({ node, mentions }: Condition, stage: number, reader: Spot | null): void {
    const guarded = new Set(mentions.filter((mention) => mention.guarded).map(({ path }) => path.slice(0, 2).join('.')))
    for (const mention of mentions) {
      const [root, name] = mention.path
      const place = locate(node, mention.start, mention.start + mentionLength(mention), this.#files)
      if (root === 'target') this.#checkTarget(place, reader === null ? null : this.#stages[stage])
      if (root !== 'jobs' || name === undefined || guarded.has(`jobs.${name}`)) continue
      this.#checkOutput(name, place, stage, reader)
      if (mention.path[2] === 'outputs') this.#checkSingle(name, place, stage)
    }
  }

  #checkReferences({ parts, place }: LateNode, stage: number, reader: Spot | null): void {
    for (const part of parts) {
      if (typeof part === 'string' || !('ref' in part)) continue
      const [root, name = ''] = splitPath(part.ref) ?? []
      if (root === 'target') this.#checkTarget(place, this.#stages[stage])
      else {
        this.#checkOutput(name, place, stage, reader)
        this.#checkSingle(name, place, stage)
      }
    }
  }

  /** null: read by a stage's own condition, before it has chosen its targets. */
  #checkTarget(place: Place, result: StageResult | null | undefined): void {
    if (result?.stage.fleet) return
    this.#issues.add('REFERENCE_NOT_FOUND', place, result === null ? 'a stage\'s condition is asked before its targets are known' : 'there is no target here: the stage has no targets')
  }

  /** A job that runs once a target has as many outputs as targets: only the same target's other jobs can read them. */
  #checkSingle(name: string, place: Place, stage: number): void {
    const other = this.#find(name, this.#stages[stage])
    if (other?.result.stage.fleet && other.result !== this.#stages[stage]) this.#issues.add('REFERENCE_NOT_FOUND', place, `${name} runs once a target of stage ${other.result.stage.name}: it has no single output`)
  }

  /** Is the job done when this is read? */
  #checkOutput(name: string, place: Place, stage: number, reader: Spot | null): void {
    const result = this.#stages[stage]
    const other = this.#find(name, result)
    if (!other) {
      this.#issues.add('UNKNOWN_JOB', place, `no job is named ${name}`, nearest(name, [...this.#main.keys(), ...result?.rollback === true ? this.#rollback.keys() : []]))
    } else if (other.result.rollback === result?.rollback && !this.#isDone(other, stage, reader)) {
      const why = other.job === reader?.job ? 'a job does not know its own outcome' : other.stage > stage ? `it is in a later stage, ${other.result.stage.name}`
        : reader?.result.stage.parallel === true ? `add dependsOn: [${name}]` : 'it comes later'
      this.#issues.add('REFERENCE_TOO_EARLY', place, `${name} cannot be done by then: ${why}`)
    }
  }

  #isDone(other: Spot, stage: number, reader: Spot | null): boolean {
    if (other.stage !== stage) return other.stage < stage
    if (!reader || other.job === reader.job) return false
    return reader.result.stage.parallel ? this.#waitsFor(reader, other) : other.order < reader.order
  }

  #waitsFor(from: Spot, to: Spot): boolean {
    const seen = new Set<JobDraft>([from.job])
    const open = [from.job]
    for (let job = open.pop(); job; job = open.pop()) {
      for (const { name } of job.dependsOn) {
        const next = this.#names(from.result).get(name)
        if (next?.job === to.job) return true
        if (next && !seen.has(next.job)) {
          seen.add(next.job)
          open.push(next.job)
        }
      }
    }
    return false
  }

  /** Each cycle once, at the dependency that closes it. Without recursion: a chain may be as long as a plan. */
  #checkCycles(): void {
    const done = new Set<JobDraft>()
    for (const result of this.#stages) {
      for (const start of result.jobs) {
        const path: { job: JobDraft; next: number }[] = done.has(start) ? [] : [{ job: start, next: 0 }]
        for (let top = path.at(-1); top; top = path.at(-1)) {
          const dependency = top.job.dependsOn[top.next]
          top.next += 1
          const next = dependency && this.#names(result).get(dependency.name)?.job
          const at = path.findIndex(({ job }) => job === next)
          if (!dependency) done.add(path.pop()?.job ?? start)
          else if (at >= 0) this.#issues.add('DEPENDENCY_CYCLE', dependency.place, `jobs wait for each other: ${[...path.slice(at).map(({ job }) => job.name), dependency.name].join(' → ')}`)
          else if (next && !done.has(next)) path.push({ job: next, next: 0 })
        }
      }
    }
  }
}

/** Characters of what is written, as far as dots go. */
export const mentionLength = ({ path }: Mention): number => path.join('.').length

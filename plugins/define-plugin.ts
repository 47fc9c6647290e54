/** JSON, as configs, snapshots and outputs are. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** The part of JSON Schema that plugin configs are checked by, in plans as well. Unknown keys of an object are refused unless it says otherwise. */
export type ConfigSchema = {
  readonly type?: 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean'
  readonly properties?: Readonly<Record<string, ConfigSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | ConfigSchema
  readonly items?: ConfigSchema
  readonly enum?: readonly (string | number | boolean)[]
  readonly const?: string | number | boolean
  readonly anyOf?: readonly ConfigSchema[]
  readonly default?: unknown
  readonly description?: string
  /** A value that must not be written out in a plan: only a secret variable fits. */
  readonly secretOnly?: true
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly pattern?: string
  /** `uri`, `duration` (such as 90s), `date-time`. */
  readonly format?: string
}

/** The type of a config that fits its schema. What has a default, or is required, is always there. */
export type ConfigOf<Schema> =
  Schema extends { const: infer Value } ? Value
  : Schema extends { enum: readonly (infer Value)[] } ? Value
  : Schema extends { anyOf: readonly (infer Branch)[] } ? ConfigOf<Branch>
  : Schema extends { type: 'string' } ? string
  : Schema extends { type: 'number' | 'integer' } ? number
  : Schema extends { type: 'boolean' } ? boolean
  : Schema extends { type: 'array' } ? (Schema extends { items: infer Item } ? ConfigOf<Item>[] : Json[])
  : Schema extends { properties: infer Properties } ? { [Key in Always<Schema, Properties>]: ConfigOf<Properties[Key]> } & { [Key in Exclude<keyof Properties, Always<Schema, Properties>>]?: ConfigOf<Properties[Key]> }
  : Schema extends { additionalProperties: infer Value extends ConfigSchema } ? Record<string, ConfigOf<Value>>
  : Json
type Always<Schema, Properties> = keyof Properties & ((Schema extends { required: readonly (infer Name)[] } ? Name : never) | { [Key in keyof Properties]: Properties[Key] extends { default: unknown } ? Key : never }[keyof Properties])

export interface PluginTarget { id: string; name: string; type: 'host' | 'docker' | 'kubernetes'; host: string | null; labels: Record<string, string> }

/** What a plugin is told of the job it runs. */
export interface PluginContext {
  readonly releaseId: string
  readonly project: string
  readonly environment: string
  readonly version: string
  readonly requestedBy: string
  readonly stage: string
  readonly job: string
  /** Of the job, from 1. */
  readonly attempt: number
  /** The same whenever the same call is made again: hand it to whatever must do a thing once. */
  readonly idempotencyKey: string
  readonly target: PluginTarget | null
  /** The plan's variables by name, secrets filled in. */
  readonly variables: Readonly<Record<string, Json>>
  /** Of this call. It is ended after that. */
  readonly timeoutMs: number
  /** Aborts when the release no longer wants the work; two seconds later the plugin is ended. */
  readonly signal: AbortSignal
  /** A line for the release's log; so is everything that is printed. Secrets of the job are taken out. */
  log(text: string): void
  /** What the next try should know if this one is cut off. */
  heartbeat(details: Json): void
  /** Of the try that was cut off before; null on the first. */
  readonly heartbeatDetails: Json
  /** A file of the release's bundle; null when there is none of that path. */
  bundleFile(path: string): Promise<string | null>
}

export interface PluginResult {
  /** Found by later jobs as `jobs.<job>.outputs.<key>`. */
  outputs?: Record<string, Json>
  /** One line for people. */
  message?: string
  artifacts?: { name: string; contentType: string; text: string }[]
}
export interface PluginChange { what: string; action: 'create' | 'update' | 'delete' | 'run' | 'none'; before: string | null; after: string | null }

/**
 * A job kind from outside. Every part may run twice: observe, compare, then act. A part that throws fails its job with the error's
 * message; see `pluginFailure` for other codes. It runs in a process of its own, without the worker's secrets.
 */
export interface Plugin<Schema extends ConfigSchema = ConfigSchema, Snapshot = Json> {
  /** What plans write as `type`: small letters, digits and dashes. */
  readonly name: string
  readonly description: string
  /** Semantic version; equal to the package's. */
  readonly version: string
  /** Of the job's `config`: an object. */
  readonly configSchema: Schema
  /** Of one attempt, where the plan says none; such as `10m`. */
  readonly defaultTimeout?: string
  /** Rules that the schema cannot say: what is wrong, or nothing. Asked before each snapshot and execute. */
  validate?(config: ConfigOf<Schema>): readonly string[] | Promise<readonly string[]>
  /** What is there before it acts; sealed, and handed to `rollback`. */
  snapshot?(config: ConfigOf<Schema>, context: PluginContext): Snapshot | Promise<Snapshot>
  execute(config: ConfigOf<Schema>, context: PluginContext): PluginResult | Promise<PluginResult>
  /** Without it a job promises no undo. */
  rollback?(config: ConfigOf<Schema>, snapshot: Snapshot, context: PluginContext): void | Promise<void>
  /** What `execute` would change, for a dry run; touches nothing. */
  preview?(config: ConfigOf<Schema>, context: PluginContext): PluginChange[] | Promise<PluginChange[]>
  uninstall?(config: ConfigOf<Schema>, context: PluginContext): PluginResult | Promise<PluginResult>
}

/** A plugin's module exports one of these as `plugin`. The config's type comes from its schema. */
export const definePlugin = <const Schema extends ConfigSchema, Snapshot = Json>(plugin: Plugin<Schema, Snapshot>): Plugin<Schema, Snapshot> => plugin

/** `TARGET_UNREACHABLE`: it did not answer, so it is tried again. `TARGET_REFUSED`: it answered no. `CONFIG_INVALID`: trying again says the same. */
export type PluginFailureCode = 'CHECK_FAILED' | 'TARGET_REFUSED' | 'TARGET_UNREACHABLE' | 'CONFIG_INVALID'
export const pluginFailure = (code: PluginFailureCode, message: string): Error => Object.assign(new Error(message), { code })

import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import type { SchemaEngine } from '@prisma/schema-engine-wasm'
import { Pool } from 'pg'
import { CatalogPg } from './catalog-pg.js'

interface EngineModule { SchemaEngine: typeof SchemaEngine, __wbg_set_wasm(exports: WebAssembly.Exports): void }

/**
 * Do something with Prisma's schema engine: WebAssembly over the pg adapter, so nothing native to download, but
 * the same migrations and the same `_prisma_migrations` table as `prisma migrate deploy`. All its connections
 * are closed when `use` is done. It must not be asked for anything that wants a shadow database: the pg adapter
 * would hand it the real one.
 */
export async function withSchemaEngine<T>(databaseUrl: string, use: (engine: SchemaEngine) => Promise<T>): Promise<T> {
  const pool = new Pool({ connectionString: databaseUrl })
  try {
    const { SchemaEngine } = await loadEngine()
    const adapter = bindMigrationAwareSqlAdapterFactory(new CatalogPg(pool))
    return await use(await SchemaEngine.new({ datamodels: undefined }, () => undefined, adapter))
  } finally { await pool.end() }
}

let loading: Promise<EngineModule> | undefined

/** The package imports its `.wasm` as a module, which only bundlers can do: instantiate it by hand, once. */
function loadEngine(): Promise<EngineModule> {
  return loading ??= (async () => {
    const glue = '@prisma/schema-engine-wasm/schema_engine_bg'
    const folder = dirname(createRequire(import.meta.url).resolve(glue))
    const bindings = await import(glue) as EngineModule
    // a panic of the engine; without a registry it would hang instead of failing
    Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message(message: string) { throw new Error(`schema engine: ${message}`) } } })
    const { instance } = await WebAssembly.instantiate(
      await readFile(join(folder, 'schema_engine_bg.wasm')), { './schema_engine_bg.js': bindings as unknown as WebAssembly.ModuleImports })
    bindings.__wbg_set_wasm(instance.exports)
    ;(instance.exports as { __wbindgen_start(): void }).__wbindgen_start()
    return bindings
  })()
}

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LocalHost } from '../drivers/hosts/local.js'

/** End the services that releases of an installation left running: by design they outlive it. */
export async function endServices(home: string): Promise<void> {
  const host = new LocalHost({ home })
  const room = join(home, 'services')
  const specs = existsSync(room) ? readdirSync(room).map((folder) => join(room, folder, 'spec.json')).filter(existsSync) : []
  await Promise.all(specs.map(async (spec) => host.stop((JSON.parse(readFileSync(spec, 'utf8')) as { key: string }).key, 100)))
}

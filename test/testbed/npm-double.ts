// A double: a package cannot be published to the npm registry for a test. It answers as the registry does (github.com/npm/registry,
// docs/REGISTRY-API.md and responses/package-metadata.md): a packument with each version's tarball and its sha512, and the tarballs.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Published { version: string; tarball: Buffer; integrity: string; manifest: Record<string, unknown> }

export async function startNpmDouble() {
  const packages = new Map<string, Published[]>()
  const server = createServer((request, response) => {
    const [, name = '', , file] = decodeURIComponent(request.url ?? '').split('/')
    const versions = packages.get(name)
    if (!versions) { response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"Not found"}'); return }
    const found = versions.find(({ version }) => file === `${name}-${version}.tgz`)
    if (file !== undefined) { response.writeHead(found ? 200 : 404).end(found?.tarball); return }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({
      name, 'dist-tags': { latest: versions.at(-1)?.version },
      versions: Object.fromEntries(versions.map(({ version, integrity, manifest }) => [version, { ...manifest, dist: { integrity, tarball: `${url}/${name}/-/${name}-${version}.tgz` } }])),
    }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    /** @param changes to its package.json @param files more of them */
    publish(folder: string, changes: Record<string, unknown>, files: Record<string, string> = {}): void {
      const copy = join(mkdtempSync(join(tmpdir(), 'npm-double-')), 'package')
      cpSync(folder, copy, { recursive: true })
      const manifest = { ...JSON.parse(readFileSync(join(copy, 'package.json'), 'utf8')) as Record<string, unknown>, ...changes }
      writeFileSync(join(copy, 'package.json'), JSON.stringify(manifest))
      for (const [path, text] of Object.entries(files)) writeFileSync(join(copy, path), text)
      const tarball = execFileSync('tar', ['-czf', '-', '-C', join(copy, '..'), 'package'])
      const [name, version] = [String(manifest['name']), String(manifest['version'])]
      packages.set(name, [...packages.get(name) ?? [], { version, tarball, integrity: `sha512-${createHash('sha512').update(tarball).digest('base64')}`, manifest }])
    },
    /** Its tarball is another than its metadata says. */
    tamper(name: string): void { for (const one of packages.get(name) ?? []) one.integrity = `sha512-${createHash('sha512').update('another').digest('base64')}` },
    stop: async (): Promise<void> => { server.closeAllConnections(); await new Promise((resolve) => server.close(resolve)) },
  }
}

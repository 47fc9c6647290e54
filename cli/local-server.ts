import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { isObject } from '../domain/json.js'

export interface LocalServer { apiUrl: string; tokenFile?: string; file: string }

/** The server `npm start` runs: `.releasectl/server.json` in `folder` or one above it. Null: there is none. */
export function findLocalServer(folder: string): LocalServer | null {
  const file = join(folder, '.releasectl', 'server.json')
  if (existsSync(file)) {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (isObject(content) && typeof content['apiUrl'] === 'string') {
      const tokenFile = content['tokenFile']
      return { apiUrl: content['apiUrl'], file, ...(typeof tokenFile === 'string' && { tokenFile: resolve(folder, tokenFile) }) }
    }
  }
  return dirname(folder) === folder ? null : findLocalServer(dirname(folder))
}

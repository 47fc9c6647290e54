import { readdir, readFile, readlink } from 'node:fs/promises'

const LISTEN = '0A'

/** Which process of this machine listens on a port (Linux: proc(5)): `process 412 (nginx)`; null: none that can be seen. */
export async function processOn(port: number): Promise<string | null> {
  const inodes = new Set((await Promise.all(['tcp', 'tcp6'].map((table) => listening(table, port)))).flat())
  if (inodes.size === 0) return null
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const handles = await readdir(`/proc/${pid}/fd`).catch(() => [])
    for (const handle of handles) {
      const target = await readlink(`/proc/${pid}/fd/${handle}`).catch(() => '')
      if (inodes.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '')) return `process ${pid} (${(await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '?')).trim()})`
    }
  }
  return null
}

async function listening(table: string, port: number): Promise<string[]> {
  const lines = (await readFile(`/proc/net/${table}`, 'utf8').catch(() => '')).split('\n').slice(1)
  return lines.flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
    return state === LISTEN && Number.parseInt(local.split(':')[1] ?? '', 16) === port ? [inode] : []
  })
}

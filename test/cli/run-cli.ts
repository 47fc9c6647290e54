import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface Ran { code: number | null; stdout: string; stderr: string }
const BIN = fileURLToPath(new URL('../../cli/bin.mjs', import.meta.url))

/** An empty folder to work in. */
export const emptyFolder = (): string => mkdtempSync(join(tmpdir(), 'releasectl-cli-'))

/** `releasectl` as a process of its own, with nothing of this machine's settings. */
export function startCli(args: string[], { folder = emptyFolder(), env = {} }: { folder?: string; env?: Record<string, string> } = {}): { child: ChildProcess; ran: Promise<Ran> } {
  const child = spawn(process.execPath, [BIN, ...args], { cwd: folder, env: { PATH: process.env['PATH'] ?? '', HOME: folder, TZ: 'UTC', ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const ran = new Promise<Ran>((done, failed) => {
    let [stdout, stderr] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => { stdout += text })
    child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text })
    child.once('error', failed).once('close', (code) => done({ code, stdout, stderr }))
  })
  return { child, ran }
}

export const cli = async (args: string[], where: { folder?: string; env?: Record<string, string> } = {}): Promise<Ran> => await startCli(args, where).ran

/** One JSON line on stderr. Messages hold no secret. */
export function log(level: 'info' | 'warn' | 'error', message: string): void {
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), level, room: 'edge', message })}\n`)
}

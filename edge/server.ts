import { once } from 'node:events'
import { createControl } from './control.js'
import { Gateway } from './gateway.js'
import { log } from './log.js'
import { Ports } from './ports.js'
import { Routes } from './routes.js'
import { readEdgeSettings } from './settings.js'
import { readToken } from './token.js'

/** The gateway process: `node --import tsx edge/server.ts`, settings from the environment (edge/settings.ts). */
const settings = readEdgeSettings()
const gateway = new Gateway({
  upstreamTimeoutMs: settings.EDGE_UPSTREAM_TIMEOUT_MS, idleTimeoutMs: settings.EDGE_IDLE_TIMEOUT_MS, trustForwarded: settings.EDGE_TRUST_FORWARDED,
})
const ports = new Ports(settings.EDGE_HOST, gateway, settings.EDGE_MAX_CONNECTIONS)
const routes = new Routes(settings.EDGE_STATE_FILE, ports, settings.EDGE_PORT)
await routes.load() // traffic first: it must flow even when the control port cannot be had
const control = createControl(routes, gateway, await readToken(settings.EDGE_TOKEN_FILE))
control.listen(settings.EDGE_CONTROL_PORT, settings.EDGE_CONTROL_HOST)
await once(control, 'listening')
log('info', `control on ${settings.EDGE_CONTROL_HOST}:${settings.EDGE_CONTROL_PORT}, ${routes.list().length} routes in force`)

let ending = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(signal))

/** Take no new work, end what is open, but not for ever. A second signal does not wait. */
async function end(signal: string): Promise<void> {
  if (ending) process.exit(1)
  ending = true
  log('info', `${signal}: ${gateway.open} requests under way`)
  setTimeout(() => {
    log('warn', `${gateway.open} requests cut off after ${settings.EDGE_GRACE_MS} ms`)
    process.exit(0)
  }, settings.EDGE_GRACE_MS)
  control.close()
  control.closeIdleConnections()
  await ports.closeAll()
  process.exit(0)
}

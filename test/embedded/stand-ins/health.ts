import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'

/** Stands in for edge and API: answers on the port the supervisor gives it, and may start a service that outlives it, as a release does. */
const port = Number(process.env[process.env['STAND_IN_PORT'] ?? 'EDGE_CONTROL_PORT'])
createServer((_request, response) => response.end(String(process.pid))).listen(port, '127.0.0.1')
const serviceFile = process.env['STAND_IN_SERVICE_FILE']
if (serviceFile) {
  const service = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' })
  service.unref()
  writeFileSync(serviceFile, String(service.pid))
}
process.on('SIGTERM', () => process.exit(0)).on('SIGINT', () => process.exit(0))

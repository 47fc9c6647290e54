// The service that the demo releases: one HTTP port, one version, and as many failures as FAIL_RATE (0–1) says.
import { createServer } from 'node:http'

const { PORT = '8081', VERSION = '0.0.0', FAIL_RATE = '0' } = process.env
const server = createServer((request, response) => {
  const fails = request.url !== '/health' && Math.random() < Number(FAIL_RATE)
  response.writeHead(fails ? 500 : 200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ shop: VERSION, path: request.url, ok: !fails }) + '\n')
})
server.listen(Number(PORT), '127.0.0.1', () => console.log(`shop ${VERSION} listens on ${PORT}`))
process.on('SIGTERM', () => server.close(() => process.exit(0)))

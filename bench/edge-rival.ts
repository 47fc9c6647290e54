import http from 'node:http'
import { createProxyServer } from 'http-proxy-3'

/**
 * http-proxy-3 as its users run it at its best, kept connections and X-Forwarded-* on: `tsx bench/edge-rival.ts PORT UPSTREAM`.
 * No split, no hash, no metrics.
 */
const [port, upstream] = process.argv.slice(2)
const proxy = createProxyServer({ target: `http://127.0.0.1:${upstream ?? ''}`, agent: new http.Agent({ keepAlive: true }), xfwd: true })
proxy.on('error', (error) => { process.stderr.write(`${error.message}\n`) })
http.createServer((request, response) => { proxy.web(request, response) }).listen(Number(port), '127.0.0.1')

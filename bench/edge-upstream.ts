import http from 'node:http'

/** The same small answer for every request: `tsx bench/edge-upstream.ts PORT`. */
const body = Buffer.from(JSON.stringify({ products: Array.from({ length: 12 }, (_, id) => ({ id, name: `product ${id}`, price: 999 })) }))
http.createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length }).end(body)
}).listen(Number(process.argv[2]), '127.0.0.1')

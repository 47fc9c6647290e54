import { fileURLToPath } from 'node:url'
import { startEmbedded } from '../../../embedded/start.js'

/** A supervisor of one part in a process of its own, so that it can be killed. Prints `up` when the part answers. */
await startEmbedded({
  home: process.argv[2] ?? '', parts: ['edge'], ports: { EDGE_CONTROL_PORT: Number(process.argv[3]) },
  entries: { edge: fileURLToPath(new URL('./health.ts', import.meta.url)) },
})
console.log('up')

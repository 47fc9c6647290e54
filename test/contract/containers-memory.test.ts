import { MemoryEngine } from '../../drivers/containers/memory.js'
import { containerContract } from './containers.js'

containerContract('the double', async () => {
  const [port, unreachable] = [new MemoryEngine(), new MemoryEngine()]
  unreachable.unreachableBecause = 'it is down'
  const image = 'registry.test/app:v1'
  const digest = port.push(image, 'app:v1')
  port.push('registry.test/app:v2', 'app:v2')
  port.behaviour.set(`registry.test/app@${digest}`, { writes: 'listening as app:v1\n' })
  let next = 9000
  return {
    port, unreachable, image, other: 'registry.test/app:v2',
    move: async (tag, to) => { port.push(tag, to) },
    occupy: async (host) => { port.taken.set(host, 'process 1 (double)'); return async () => { port.taken.delete(host) } },
    freePort: async () => next += 1,
    stop: async () => undefined,
  }
})

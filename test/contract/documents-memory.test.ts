import { MemoryDocuments } from '../../drivers/documents/memory.js'
import { documentsContract } from './documents.js'

documentsContract('memory', () => {
  const site = { url: 'memory:', user: null, token: 'good', until: Date.now() + 5000, signal: new AbortController().signal }
  return { port: new MemoryDocuments(['PROJ']), site, refusing: { ...site, token: 'wrong' } }
})

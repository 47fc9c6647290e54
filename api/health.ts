import { Type, type Static } from 'typebox'
import type { PrismaClient } from '../store/generated/client.js'
import type { Temporal } from './temporal.js'

const PATIENCE_MS = 2000
const Part = Type.Object({ up: Type.Boolean(), ms: Type.Integer({ description: 'how long it took to answer' }), detail: Type.Optional(Type.String()) })
export const HealthAnswer = Type.Object({ status: Type.String({ description: 'up, or down when a part is' }), parts: Type.Object({ database: Part, temporal: Part }) })
type Part = Static<typeof Part>

/** Is the API able to do its work? Each part is asked, and not waited for longer than 2 s. */
export class Health {
  readonly #database: PrismaClient
  readonly #temporal: Temporal
  constructor({ database, temporal }: { database: PrismaClient; temporal: Temporal }) {
    this.#database = database
    this.#temporal = temporal
  }

  async look(): Promise<Static<typeof HealthAnswer>> {
    const [database, temporal] = await Promise.all([
      ask('the database does not answer', async () => this.#database.$queryRaw`select 1`),
      ask('Temporal does not answer', async () => this.#temporal.call('be looked at', (client) => client.workflowService.describeNamespace({ namespace: client.options.namespace }), PATIENCE_MS)),
    ])
    return { status: database.up && temporal.up ? 'up' : 'down', parts: { database, temporal } }
  }
}

async function ask(detail: string, question: () => Promise<unknown>): Promise<Part> {
  const start = Date.now()
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<'late'>((resolve) => { timer = setTimeout(resolve, PATIENCE_MS, 'late') })
  const up = await Promise.race([question(), tooLong]).then((answer) => answer !== 'late', () => false)
  clearTimeout(timer)
  return { up, ms: Date.now() - start, ...(!up && { detail }) }
}

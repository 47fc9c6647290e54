import { inject } from 'vitest'
import { testServerBinary } from '../../embedded/tools.js'

export { freePort } from '../testbed/component.js'

/** A fresh, migrated database on the PostgreSQL of this test run. @returns its URL */
export const testDatabase = (): Promise<string> => ask('/database')

/** The Temporal development server of this test run, started by the first who asks. Tests tell themselves apart by task queue. */
export async function temporalServer(): Promise<{ address: string, namespace: string }> {
  return { address: await ask('/temporal'), namespace: 'default' }
}

/** The program of the time-skipping server, as `{ server: { executable: { type: 'existing-path', path } } }` takes it. */
export const timeSkippingServer = (): string => testServerBinary()

async function ask(what: string): Promise<string> {
  const answer = await fetch(new URL(what, inject('servers')))
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return text
}

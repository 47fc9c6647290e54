import { Client, Connection, ServiceError, defaultGrpcRetryOptions, isGrpcServiceError, makeGrpcRetryInterceptor } from '@temporalio/client'
import { failure } from '../domain/failures.js'
import type { Settings } from '../config/settings.js'

/** Of one call: people wait for it. */
const DEADLINE_MS = 5000
/** The SDK's own waits up to 5 s between tries, beyond any deadline. */
const RETRY = { maxAttempts: 4, maxIntervalMs: () => 500 }
/** gRPC status codes that say the server, not the request, is the trouble. */
const DOWN = new Set([4, 8, 14]) // DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE

type TemporalSettings = Pick<Settings, 'TEMPORAL_ADDRESS' | 'TEMPORAL_NAMESPACE' | 'TEMPORAL_API_KEY' | 'TEMPORAL_TLS'>

/** The API's way to Temporal. It connects at the first call and again whenever it must, so the API starts without it. */
export class Temporal {
  readonly #address: string
  readonly #connection: Connection
  readonly #client: Client
  readonly #calls = new Set<Promise<unknown>>()

  constructor(settings: TemporalSettings) {
    this.#address = settings.TEMPORAL_ADDRESS
    this.#connection = Connection.lazy({
      address: settings.TEMPORAL_ADDRESS,
      tls: settings.TEMPORAL_TLS || settings.TEMPORAL_API_KEY !== undefined,
      ...(settings.TEMPORAL_API_KEY !== undefined && { apiKey: settings.TEMPORAL_API_KEY }),
      interceptors: [makeGrpcRetryInterceptor(defaultGrpcRetryOptions(RETRY))],
      channelArgs: { 'grpc.max_reconnect_backoff_ms': 2000, 'grpc.initial_reconnect_backoff_ms': 200 },
    })
    this.#client = new Client({ connection: this.#connection, namespace: settings.TEMPORAL_NAMESPACE })
  }

  /** @param what for the message: `start the release`. @throws UNAVAILABLE when Temporal did not answer in time */
  async call<Result>(what: string, work: (client: Client) => Promise<Result>, deadlineMs = DEADLINE_MS): Promise<Result> {
    const call = this.#client.withDeadline(Date.now() + deadlineMs, () => work(this.#client))
    this.#calls.add(call)
    try {
      return await call
    } catch (error) {
      if (isTemporalDown(error)) throw failure('UNAVAILABLE', `Temporal at ${this.#address} did not answer in time to ${what}`)
      throw error
    } finally {
      this.#calls.delete(call)
    }
  }

  /** After the calls that are under way: one that is tried again on a closed connection would end the process. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#calls)
    await this.#connection.close()
  }
}

function isTemporalDown(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error
  return isGrpcServiceError(cause) && DOWN.has(cause.code)
}

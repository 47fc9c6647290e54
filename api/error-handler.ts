import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ApplicationFailure } from '@temporalio/common'
import { WorkflowUpdateFailedError } from '@temporalio/client'
import { FAILURES, isFailureCode } from '../domain/failures.js'
import { isDatabaseDown } from '../store/database-down.js'
import { problem, type Issue } from './problem.js'

/** Seconds after which a client may ask again when a part of releasectl is down. */
const RETRY_AFTER = '2'

/** Every error leaves here, as one `Problem`; what no code covers is a bug: logged once, answered 500 without its text. */
export function setErrorHandler(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const cause = error instanceof WorkflowUpdateFailedError ? error.cause : error
    if (cause instanceof ApplicationFailure && isFailureCode(cause.type)) return answer(request, reply, FAILURES[cause.type].httpStatus, cause.type, cause.message, cause.details)
    if (isDatabaseDown(error)) return answer(request, reply, 503, 'UNAVAILABLE', 'the database does not answer')
    if (error.statusCode === 413) return answer(request, reply, 413, 'TOO_LARGE', `the body is over the limit of ${request.routeOptions.bodyLimit} bytes`)
    if (error.statusCode && error.statusCode < 500) return answer(request, reply, error.statusCode, 'REQUEST_INVALID', refusal(error, request))
    request.log.error({ err: error }, 'unexpected failure')
    return answer(request, reply, 500, 'INTERNAL', 'this is a bug; the log has it under the request id')
  })
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? ''
    return answer(request, reply, 404, 'NOT_FOUND', `there is no ${request.method} ${path}; /docs lists what there is`)
  })
}

/** What the router cannot even take for a path. */
export function refuseUrl(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  void answer(request, reply.header('x-request-id', request.id), error.statusCode ?? 400, 'REQUEST_INVALID', `${request.method} ${request.url} is not a path`)
}

function answer(request: FastifyRequest, reply: FastifyReply, status: number, code: string, message: string, issues?: unknown[] | null): FastifyReply {
  if (status === 401) void reply.header('www-authenticate', 'Bearer')
  if (status === 503) void reply.header('retry-after', RETRY_AFTER)
  return reply.code(status).type('application/problem+json').serializer(JSON.stringify).send(problem(status, code, message, request.id, (issues ?? []) as Issue[]))
}

/** Fastify's own refusals in words that name what was sent. */
function refusal(error: FastifyError, request: FastifyRequest): string {
  switch (error.code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE': return `content-type ${request.headers['content-type'] ?? '(none)'} is not taken here; send application/json`
    case 'FST_ERR_CTP_EMPTY_JSON_BODY': return 'the body is empty; send JSON, or leave the content-type out'
    case 'FST_ERR_CTP_INVALID_JSON_BODY': return 'the body is not valid JSON'
    default: return error.code.startsWith('FST_') || error instanceof SyntaxError ? `the request cannot be read: ${error.message}` : error.message
  }
}

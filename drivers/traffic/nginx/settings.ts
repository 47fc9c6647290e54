import { Type, type Static } from 'typebox'

/** An nginx on the worker's own machine. What its configuration must hold: docs/operations.md. */
export const NginxSettings = Type.Object({
  folder: Type.String({ minLength: 1, description: 'where the file of each route lies: <route>.conf, included by the http block' }),
  check: Type.String({ pattern: '^[0-9A-Za-z.\\[\\]:-]+:\\d+$', description: 'address and port where nginx tells what it has in force' }),
  binary: Type.String({ minLength: 1, default: 'nginx' }),
  config: Type.String({ minLength: 1, default: '/etc/nginx/nginx.conf', description: 'the main configuration, for nginx -t' }),
  pid: Type.String({ minLength: 1, default: '/run/nginx.pid', description: 'file with the pid of the master process, which gets a SIGHUP' }),
  reload: Type.Optional(Type.Array(Type.String({ minLength: 1 }), { minItems: 1, description: 'a command to run instead of the SIGHUP' })),
  log: Type.Optional(Type.String({ minLength: 1, description: 'an access log of the format $upstream_addr $status $request_time: counters for successCriteria' })),
  mirror: Type.Boolean({ default: false, description: 'the site mirrors by $releasectl_<route>_copy' }),
  timeoutMs: Type.Integer({ minimum: 100, default: 10_000, description: 'how long it may take to answer, and a new configuration to be in force' }),
}, { additionalProperties: false })
export type NginxSettings = Static<typeof NginxSettings>

import { apisix } from './apisix/apisix.js'
import { caddy } from './caddy/caddy.js'
import { envoy } from './envoy/envoy.js'
import type { GatewayType } from './gateway-type.js'
import { haproxy } from './haproxy/haproxy.js'
import { nginx } from './nginx/nginx.js'
import { traefik } from './traefik/traefik.js'

/** What `type` may be in RELEASECTL_GATEWAYS: one line a driver. */
export const GATEWAY_TYPES: Record<string, GatewayType> = {
  apisix,
  caddy,
  envoy,
  haproxy,
  nginx,
  traefik,
}

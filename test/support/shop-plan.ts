interface Phase { percentage: number; duration: string; interval?: string; minRequests?: number; successCriteria?: { errorRate: string } }
interface ShopRollout {
  /** Also the name of its route. */
  service?: string
  /** Where service.mjs lies. */
  folder?: string
  environment?: Record<string, string>
  drain?: string
  listen?: { port: number; path: string }
  sticky?: boolean
  phases: Phase[]
}

/** A job that rolls out examples/shop's service through edge by canary, as it stands in a plan: JSON is YAML. */
export const shopRollout = ({ service = 'shop', folder = '${variables.folder}', environment = {}, drain = '1s', listen, sticky = false, phases }: ShopRollout): string => JSON.stringify({
  name: 'rollout', type: 'rollout',
  config: {
    service,
    deploy: { type: 'process', command: ['node', 'service.mjs'], workDir: folder, environment: { VERSION: '${RELEASE_VERSION}', ...environment }, health: { path: '/health' }, drain },
    route: { gateway: 'edge', name: service, ...listen && { listen } },
    strategy: { type: 'canary', ...sticky && { sticky: { by: 'cookie', name: 'sid' } }, phases },
  },
})

/** A phase that is judged by what the gateway has counted. */
export const judged = (percentage: number, duration: string, errorRate = '<20%'): Phase => ({ percentage, duration, minRequests: 3, successCriteria: { errorRate } })

import { runVersion, type RunningVersion } from '../contract/traffic-versions.js'
import { startComponent } from '../testbed/component.js'

/**
 * A real gateway of test/testbed/gateways.sh in front of two versions, its route `app` sending all to the first.
 * Not shared: each caller has its own, so that what one does to its routes no other sees.
 */
export async function gatewayComponent(name: string, ports: string[]): Promise<{ folder: string; port: Record<string, number>; stable: RunningVersion; candidate: RunningVersion; stop: () => Promise<void> }> {
  const [stable, candidate] = [await runVersion('one'), await runVersion('two')]
  const address = ({ side }: RunningVersion): string => new URL(side.url).host
  const component = await startComponent('gateways', ports, { TESTBED_STABLE: address(stable), TESTBED_CANARY: address(candidate) }, [name])
  return { ...component, stable, candidate, stop: async () => { await component.stop(); await Promise.all([stable.stop(), candidate.stop()]) } }
}

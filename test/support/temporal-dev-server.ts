import { join } from 'node:path'
import { Child } from '../../embedded/child.js'
import { freePort } from '../../embedded/ports.js'
import { temporalCommand, temporalIsReady } from '../../embedded/temporal.js'
import { temporalBinary } from '../../embedded/tools.js'

/** A Temporal development server that keeps its data in `folder`. @param dynamic settings of the server that are not as usual, as `name=value` */
export async function startTemporal(folder: string, dynamic: readonly string[] = []): Promise<{ child: Child, address: string }> {
  const [port, uiPort] = [await freePort(), await freePort()]
  const address = `127.0.0.1:${port}`
  const child = new Child({
    name: 'temporal', logFile: join(folder, 'temporal.log'), stopSignal: 'SIGTERM', graceMs: 10_000,
    command: () => {
      const command = temporalCommand({ binary: temporalBinary(), file: join(folder, 'temporal.db'), port, uiPort })
      return { ...command, args: [...command.args, ...dynamic.flatMap((setting) => ['--dynamic-config-value', setting])] }
    },
    isReady: () => temporalIsReady(address, 'default'),
  })
  await child.start()
  return { child, address }
}

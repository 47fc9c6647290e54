import { describe, expect, test } from 'vitest'
import type { HostPort, ServiceSpec } from '../../drivers/hosts/port.js'
import { isAlive, until } from './hosts.js'

const SERVER = `
  console.log('listening on ' + process.env.PORT + ' as ' + process.env.NAME)
  require('http').createServer((request, response) => response.end('pid ' + process.pid)).listen(process.env.PORT, '127.0.0.1')`
const aService = (given: Partial<ServiceSpec> = {}): ServiceSpec => ({
  key: `shop/${Math.random()}`, command: [process.execPath, '-e', SERVER], workDir: null, environment: { NAME: 'shop' }, port: 0, ...given,
})
const answer = async (port: number): Promise<string | null> => fetch(`http://127.0.0.1:${port}`).then((response) => response.text(), () => null)

/** What every host must do with services. */
export function serviceContract(name: string, make: () => Promise<HostPort>): void {
  describe(`${name} keeps the contract of services`, () => {
    test('a service runs on a free port and is stopped', async () => {
      const host = await make()
      const spec = aService()
      const { port } = await host.start(spec)
      await until(async () => await answer(port) !== null)
      const state = await host.inspect(spec.key)
      expect(state).toMatchObject({ key: spec.key, running: true, port, exitCode: null })
      expect(await answer(port)).toBe(`pid ${state?.pid}`)
      expect(await host.tail(spec.key, 1000)).toBe(`listening on ${port} as shop\n`)
      await host.stop(spec.key, 5000)
      expect(await answer(port)).toBeNull()
      expect(await host.inspect(spec.key)).toMatchObject({ running: false, pid: null, port })
      await host.stop(spec.key, 5000)
    })

    test('two starts of a key at the same time make one service', async () => {
      const host = await make()
      const spec = aService()
      const [one, two] = await Promise.all([host.start(spec), host.start(spec)])
      expect(one.port).toBe(two.port)
      expect(one.startedAt).toBe(two.startedAt)
      await until(async () => await answer(one.port) !== null)
      expect((await host.start(spec)).pid).toBe((await host.inspect(spec.key))?.pid)
      await host.stop(spec.key, 2000)
    })

    test('a service that crashed is started again on its port', async () => {
      const host = await make()
      const spec = aService()
      const { port } = await host.start(spec)
      await until(async () => await answer(port) !== null)
      process.kill((await host.inspect(spec.key))?.pid ?? 0, 'SIGKILL')
      await until(async () => (await host.inspect(spec.key))?.running === false)
      expect(await host.inspect(spec.key)).toMatchObject({ exitCode: 137 })
      expect((await host.start(spec)).port).toBe(port)
      await until(async () => await answer(port) !== null)
      await host.stop(spec.key, 2000)
    })

    test('what a service was started with is enough to start it again', async () => {
      const host = await make()
      const spec = aService()
      expect(await host.spec(spec.key)).toBeNull()
      const { port } = await host.start(spec)
      await host.stop(spec.key, 2000)
      const kept = await host.spec(spec.key)
      expect(kept).toEqual({ ...spec, port })
      expect(await host.start(kept ?? spec)).toMatchObject({ port, running: true })
      await host.stop(spec.key, 2000)
    })

    test('a service that will not go is killed with its children', async () => {
      const host = await make()
      const spec = aService({ command: ['/bin/bash', '-c', 'trap "" TERM; (trap "" TERM; sleep 300) & echo $!; wait; sleep 300'] })
      await host.start(spec)
      await until(async () => await host.tail(spec.key, 100) !== '')
      const [own, child] = [(await host.inspect(spec.key))?.pid ?? 0, Number(await host.tail(spec.key, 100))]
      expect([await isAlive(own), await isAlive(child)]).toEqual([true, true])
      await host.stop(spec.key, 100)
      await until(async () => !await isAlive(own) && !await isAlive(child))
    })

    test('the log of a service is bounded and ends with its last words', async () => {
      const host = await make()
      const spec = aService({ command: ['/bin/bash', '-c', 'head -c 60000000 /dev/zero | tr "\\0" x; echo; echo last; sleep 300'] })
      await host.start(spec)
      await until(async () => (await host.tail(spec.key, 5)) === 'last\n')
      expect((await host.tail(spec.key, 100_000_000)).length).toBeLessThan(50_000_000)
      await host.stop(spec.key, 2000)
    })

    test('a service that does not exist is refused by name, and one never started is not there', async () => {
      const host = await make()
      await expect(host.start(aService({ command: ['no-such-server'] }))).rejects.toMatchObject({ type: 'CONFIG_INVALID' })
      expect(await host.inspect('shop/never')).toBeNull()
      expect(await host.tail('shop/never', 100)).toBe('')
      await host.stop('shop/never', 100)
    })
  })
}

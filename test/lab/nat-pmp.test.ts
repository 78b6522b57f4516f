// Our NAT-PMP at the real miniupnpd, which speaks PCP as well, so that peers ask it by that.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { NO_MINIUPNPD } from '../support/miniupnpd.ts'
import type { Host } from './host.ts'
import type { ProbeOutcome } from './probe/orders.ts'
import { Probe } from './probe/probe.ts'
import { twoSites } from './topologies.ts'

const PROGRAM = fileURLToPath(new URL('nat-pmp.ts', import.meta.url))
const ROUTER = '192.168.1.1'
const PORT = 4001
const FAST = { delayMs: 1 }

const natPmp = async (host: Host, ...order: string[]): Promise<string> =>
  host.run(process.execPath, [PROGRAM, ...order])

describe('miniupnpd, asked by NAT-PMP', { skip: NO_MINIUPNPD }, () => {
  it('lets others in at the port that it names until that is taken back', async () => {
    await using lab = await twoSites({
      relay: FAST,
      a: { nat: 'symmetric', ...FAST },
      b: { nat: 'none', ...FAST }
    })
    await lab.a.offerForwards({ upnp: false })
    await Probe.listening(lab.a, PORT)
    const outside = new Probe(lab.b)
    const knock = async (): Promise<ProbeOutcome> =>
      outside.ask({ do: 'connect', host: lab.a.publicAddress, port: PORT, timeoutMs: 400 })

    assert.equal((await knock()).result, 'timeout')
    for (const what of ['asked for', 'renewed']) {
      const told = await natPmp(lab.a, 'map', ROUTER, `${PORT}`, '1800')
      const forward = { externalHost: lab.a.publicAddress, externalPort: PORT }
      assert.deepEqual(JSON.parse(told), { ...forward, lifetimeSeconds: 1800 }, what)
      assert.deepEqual(await lab.a.forwardedPorts(), [PORT], what)
      assert.equal((await knock()).result, 'connected', what)
    }
    await natPmp(lab.a, 'unmap', ROUTER, `${PORT}`)
    assert.deepEqual(await lab.a.forwardedPorts(), [])
    assert.equal((await knock()).result, 'timeout')
  })
})

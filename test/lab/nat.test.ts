// Every kind of NAT behaves as it is named, seen with raw TCP.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { NatKind } from './nat.ts'
import type { ProbeOutcome } from './probe/orders.ts'
import { Probe } from './probe/probe.ts'
import { container, oneNat, twoSites } from './topologies.ts'
import type { Lab } from './topologies.ts'

const PORT = 4001
const FAST = { delayMs: 1 }

/** What a host meets that dials the address at which another host has just seen the one behind the NAT. */
const UNSOLICITED: [NatKind, string][] = [
  ['none', 'connected'],
  ['firewall', 'timeout'],
  ['full-cone', 'connected'],
  ['drop', 'timeout'],
  ['rst', 'ECONNREFUSED'],
  ['symmetric', 'timeout']
]

for (const [nat, unsolicited] of UNSOLICITED) {
  describe(nat, () => {
    it(`meets an unsolicited connection with: ${unsolicited}`, async () => {
      await using scene = await startScene(oneSite(nat))
      const { lab, a, b } = scene
      const { seenAs } = await dial(a, lab.relay.publicAddress, PORT, PORT)
      const [address, port] = seenAs!.split(' ')
      assert.equal((await dial(b, address!, Number(port))).result, unsolicited)
    })

    it(`shows the relay and the other peer ${nat === 'symmetric' ? 'two ports' : 'its own port'}`, async () => {
      await using scene = await startScene(oneSite(nat))
      const { lab, a } = scene
      const atRelay = await dial(a, lab.relay.publicAddress, PORT, PORT)
      const atB = await dial(a, lab.b.publicAddress, PORT, PORT)
      const own = `${lab.a.publicAddress} ${PORT}`
      if (nat === 'symmetric') {
        assert.notEqual(atRelay.seenAs, atB.seenAs)
        assert.notEqual(atRelay.seenAs, own)
      } else {
        assert.deepEqual([atRelay.seenAs, atB.seenAs], [own, own])
      }
    })
  })
}

describe('two hosts behind one NAT', () => {
  it('reach each other privately and share a public address, but not through it', async () => {
    await using scene = await startScene(oneNat({ nat: 'drop', ...FAST, relay: FAST }))
    const { lab, a, b } = scene
    assert.equal((await dial(a, lab.b.address, PORT)).result, 'connected')
    assert.equal((await dial(a, lab.relay.publicAddress, PORT, PORT)).seenAs, `7.7.7.2 ${PORT}`)
    assert.equal((await dial(b, lab.a.publicAddress, PORT)).result, 'timeout')
  })

  it('get different ports when both use the same one', async () => {
    await using scene = await startScene(oneNat({ nat: 'drop', ...FAST, relay: FAST }))
    const { lab, a, b } = scene
    const one = await dial(a, lab.relay.publicAddress, PORT, PORT)
    const other = await dial(b, lab.relay.publicAddress, PORT, PORT)
    assert.equal(one.seenAs, `7.7.7.2 ${PORT}`)
    assert.notEqual(other.seenAs, one.seenAs)
  })
})

describe('a container', () => {
  it('reaches the relay and the peer on the LAN as its host, port kept', async () => {
    await using scene = await startScene(container())
    const { lab, a } = scene
    for (const host of [lab.relay, lab.b]) {
      const { seenAs } = await dial(a, host.address, PORT, PORT)
      assert.equal(seenAs, `192.168.1.106 ${PORT}`)
    }
  })

  it('is not reached by the peer, neither at its host nor at its own address', async () => {
    await using scene = await startScene(container())
    const { lab, a, b } = scene
    await dial(a, lab.relay.address, PORT, PORT)
    assert.equal((await dial(b, lab.a.publicAddress, PORT)).result, 'ECONNREFUSED')
    assert.equal((await dial(b, lab.a.address, PORT)).result, 'ENETUNREACH')
    await lab.b.run('ip', ['route', 'add', '172.17.0.0/16', 'via', '192.168.1.106'])
    assert.equal((await dial(b, lab.a.address, PORT)).result, 'timeout')
  })
})

interface Scene extends AsyncDisposable {
  lab: Lab
  relay: Probe
  a: Probe
  b: Probe
}

function oneSite(nat: NatKind): Promise<Lab> {
  return twoSites({ relay: FAST, a: { nat, ...FAST }, b: { nat: 'none', ...FAST } })
}

/** A lab with a listening probe in every host. */
async function startScene(building: Promise<Lab>): Promise<Scene> {
  const lab = await building
  const hosts = [lab.relay, lab.a, lab.b] as const
  const [relay, a, b] = await Promise.all(hosts.map((host) => Probe.listening(host, PORT)))
  return {
    lab,
    relay: relay!,
    a: a!,
    b: b!,
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]()
  }
}

/** The timeout is a hundred round trips of these links. */
function dial(from: Probe, host: string, port: number, localPort = 0): Promise<ProbeOutcome> {
  return from.ask({ do: 'connect', host, port, localPort, timeoutMs: 400 })
}

// Every kind of NAT behaves as it is named, seen with raw TCP.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BLOCK_PORTS, FIRST_PORT, type NatKind } from './nat.ts'
import type { ProbeOutcome } from './probe/orders.ts'
import { Probe } from './probe/probe.ts'
import { container, oneNat, twoSites } from './topologies.ts'
import type { Lab } from './topologies.ts'

const PORT = 4001
const OTHER_PORT = 4002
const FAST = { delayMs: 1 }

/** What a host meets that dials the address at which another host has just seen the one behind the NAT. */
const UNSOLICITED: [NatKind, string][] = [
  ['none', 'connected'],
  ['firewall', 'timeout'],
  ['full-cone', 'connected'],
  ['address-restricted', 'timeout'],
  ['drop', 'timeout'],
  ['rst', 'ECONNREFUSED'],
  ['hairpin', 'timeout'],
  ['double', 'timeout'],
  ['symmetric', 'timeout'],
  ['symmetric-rst', 'ECONNREFUSED'],
  ['block', 'timeout'],
  ['sequential', 'timeout']
]

/** What several destinations see of one port. */
const PORTS: Partial<Record<NatKind, [words: string, check: (seen: number[]) => void]>> = {
  symmetric: ['another port for each', areRandom],
  'symmetric-rst': ['another port for each', areRandom],
  block: [
    'other ports of one block',
    (ports) => {
      assert.ok(new Set(ports).size > 1)
      assert.ok(ports.every((port) => port >= FIRST_PORT && port < FIRST_PORT + BLOCK_PORTS))
    }
  ],
  sequential: [
    'one port after the other',
    (ports) => assert.deepEqual(ports, [FIRST_PORT, FIRST_PORT + 1, FIRST_PORT + 2])
  ]
}

const ITS_OWN = ['its own port', (ports: number[]) => ports.forEach(isOwn)] as const

for (const [nat, unsolicited] of UNSOLICITED) {
  describe(nat, () => {
    it(`meets an unsolicited connection with: ${unsolicited}`, async () => {
      await using scene = await startScene(oneSite(nat))
      const { lab, a, b } = scene
      const { seenAs } = await dial(a, lab.relay.publicAddress, PORT, PORT)
      const [address, port] = seenAs!.split(' ')
      assert.equal((await dial(b, address!, Number(port))).result, unsolicited)
    })

    const [words, check] = PORTS[nat] ?? ITS_OWN
    it(`shows destinations ${words}`, async () => {
      await using scene = await startScene(oneSite(nat))
      const { lab, a, relay } = scene
      await relay.ask({ do: 'listen', port: OTHER_PORT })
      const seen = [
        await dial(a, lab.relay.publicAddress, PORT, PORT),
        await dial(a, lab.relay.publicAddress, OTHER_PORT, PORT),
        await dial(a, lab.b.publicAddress, PORT, PORT)
      ].map(({ seenAs }) => seenAs!.split(' '))
      for (const [host] of seen) assert.equal(host, lab.a.publicAddress)
      check(seen.map(([, port]) => Number(port)))
    })
  })
}

describe('address-restricted', () => {
  it('lets a host in that it sent something to, from any port', async () => {
    await using scene = await startScene(oneSite('address-restricted'))
    const { lab, a, b } = scene
    assert.equal((await dial(a, lab.b.publicAddress, OTHER_PORT)).result, 'ECONNREFUSED')
    assert.equal((await dial(b, lab.a.publicAddress, PORT)).result, 'connected')
  })
})

describe('hairpin', () => {
  it('lets hosts behind it reach each other at its public address, and be seen there', async () => {
    await using scene = await startScene(oneNat({ nat: 'hairpin', ...FAST, relay: FAST }))
    const { lab, a, b } = scene
    await dial(a, lab.relay.publicAddress, PORT, PORT)
    const { result, seenAs } = await dial(b, lab.a.publicAddress, PORT, OTHER_PORT)
    assert.deepEqual([result, seenAs], ['connected', `${lab.a.publicAddress} ${OTHER_PORT}`])
  })

  it('lets a host reach itself there', async () => {
    await using scene = await startScene(oneSite('hairpin'))
    const { lab, a } = scene
    await dial(a, lab.relay.publicAddress, PORT, PORT)
    assert.equal((await dial(a, lab.a.publicAddress, PORT)).result, 'connected')
  })
})

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

function isOwn(port: number): void {
  assert.equal(port, PORT)
}

function areDistinct(ports: number[]): void {
  assert.equal(new Set([...ports, PORT]).size, ports.length + 1)
}

/** Of a random one it is not likely that it lies close to another, and none may keep coming back. */
function areRandom(ports: number[]): void {
  areDistinct(ports)
  assert.ok(
    Math.max(...ports) - Math.min(...ports) > BLOCK_PORTS,
    `${ports.join(', ')} lie together`
  )
}

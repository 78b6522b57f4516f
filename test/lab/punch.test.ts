// TCP simultaneous open gets through two NATs that drop everything unsolicited, without a line of product code.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { NatKind } from './nat.ts'
import { Probe } from './probe/probe.ts'
import { twoSites } from './topologies.ts'

const RELAY_PORT = 4001
const A_PORT = 5001
const B_PORT = 5002

const PAIRS: [NatKind, NatKind][] = [
  ['drop', 'drop'],
  ['rst', 'rst'],
  ['firewall', 'drop']
]

for (const [aNat, bNat] of PAIRS) {
  it(`a punch between ${aNat} and ${bNat} connects`, async () => {
    await using lab = await twoSites({ a: { nat: aNat }, b: { nat: bNat } })
    await Probe.listening(lab.relay, RELAY_PORT)
    const a = new Probe(lab.a)
    const b = new Probe(lab.b)
    const atRelay = { do: 'connect', host: lab.relay.publicAddress, port: RELAY_PORT } as const
    const [aMapping, bMapping] = await Promise.all([
      a.ask({ ...atRelay, localPort: A_PORT }),
      b.ask({ ...atRelay, localPort: B_PORT })
    ])
    const [atA, atB] = await Promise.all([
      a.ask({ do: 'punch', localPort: A_PORT, ...target(bMapping.seenAs!) }),
      b.ask({ do: 'punch', localPort: B_PORT, ...target(aMapping.seenAs!) })
    ])
    assert.deepEqual([atA.result, atB.result], ['connected', 'connected'])
    assert.deepEqual([atA.seenAs, atB.seenAs], [aMapping.seenAs, bMapping.seenAs])
  })
}

function target(mapping: string): { host: string; port: number } {
  const [host, port] = mapping.split(' ')
  return { host: host!, port: Number(port) }
}

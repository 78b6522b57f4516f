// A router that forwards ports makes a peer behind a symmetric NAT reachable for everybody. The router's side is the
// real miniupnpd.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_MINIUPNPD } from '../../support/miniupnpd.ts'
import type { MiniupnpdOptions } from '../miniupnpd.ts'
import { twoSites, type Lab } from '../topologies.ts'
import { goDirectAndTalkOn } from './plot.ts'
import { Scene } from './scene.ts'

const MAPPED_TIMEOUT_MS = 20_000

async function twoSymmetricSites(offer: MiniupnpdOptions): Promise<Lab> {
  const lab = await twoSites({ a: { nat: 'symmetric' }, b: { nat: 'symmetric' } })
  await lab.a.offerForwards(offer)
  return lab
}

const METHODS: Array<[method: string, offer: MiniupnpdOptions]> = [
  ['PCP', { upnp: false }],
  ['UPnP', { pcp: false }]
]

describe('two symmetric NATs, one of which forwards ports', { skip: NO_MINIUPNPD }, () => {
  for (const [method, offer] of METHODS) {
    it(`when asked by ${method}: direct, and the port is closed again when the peer leaves`, async () => {
      await using scene = await Scene.open(twoSymmetricSites(offer))
      const { anna, lab } = scene
      const signal = scene.deadline(MAPPED_TIMEOUT_MS)
      const mapped = await anna.next((told) => told.event === 'port-mapping', { signal })
      assert.ok(mapped.event === 'port-mapping')
      assert.deepEqual([mapped.state, mapped.method], ['mapped', method], mapped.reason)
      const [, port] = /^\/ip4\/7\.7\.7\.2\/tcp\/(\d+)$/.exec(mapped.address ?? '') ?? []
      assert.deepEqual(await lab.a.forwardedPorts(), [Number(port)])
      await goDirectAndTalkOn(scene, { first: 'either' })
      assert.deepEqual(await lab.a.forwardedPorts(), [])
    })
  }
})

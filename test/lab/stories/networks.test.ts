// Peers that can reach each other without a punch, or nearly so: no circuit is needed for long, if at all.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { container, oneNat, twoSites } from '../topologies.ts'
import { goDirectAndTalkOn, play } from './plot.ts'

it('two peers behind one NAT find each other on their LAN and do not miss the relay', () =>
  play(oneNat({ nat: 'drop' }), (scene) => goDirectAndTalkOn(scene, { first: 'either' })))

it('a peer in a container and a peer on the LAN of its host go direct and do not miss the relay', () =>
  play(container(), (scene) => goDirectAndTalkOn(scene, { first: 'either' })))

it('a peer on a public host is dialled as it is, without a punch, and the relay is not missed', () =>
  play(twoSites({ a: { nat: 'drop' }, b: { nat: 'none' } }), async (scene) => {
    await goDirectAndTalkOn(scene, { first: 'either' })
    const [fromAnna] = scene.paths(scene.anna).filter(({ path }) => path === 'direct')
    assert.match(fromAnna?.address ?? '', /^\/ip4\/7\.7\.7\.3\/tcp\//)
  }))

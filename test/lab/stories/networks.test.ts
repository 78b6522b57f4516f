// Peers that can reach each other without a punch, or nearly so: no circuit is needed for long, if at all.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { container, oneNat, twoContainers, twoSites } from '../topologies.ts'
import { besideVpn } from '../vpn.ts'
import { goDirectAndTalkOn, play } from './plot.ts'

const FORWARDED = 5_555

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

it('two peers in containers on two hosts go direct and do not miss the relay', () =>
  play(twoContainers(), (scene) => goDirectAndTalkOn(scene, { first: 'either' })))

it('a port that somebody forwarded by hand leads to its peer, whatever the NATs, and the relay is not missed', () =>
  play(
    twoSites({ a: { nat: 'symmetric' }, b: { nat: 'symmetric' } }).then(async (lab) => {
      await lab.a.forwardByHand(FORWARDED)
      return lab
    }),
    (scene) => goDirectAndTalkOn(scene, { first: 'either' }),
    {
      annaArgs: [
        '--listen',
        `/ip4/0.0.0.0/tcp/${FORWARDED}`,
        '--announce',
        `/ip4/7.7.7.2/tcp/${FORWARDED}`
      ]
    }
  ))

it('a peer all of whose packets go through a VPN goes direct through it, and the relay is not missed', () =>
  play(
    besideVpn().then(async (lab) => {
      await lab.connectVpn()
      return lab
    }),
    async (scene) => {
      await goDirectAndTalkOn(scene, { first: 'either' })
      const seen = scene.paths(scene.ben).filter(({ path }) => path === 'direct')
      assert.match(seen[0]?.address ?? '', /^\/ip4\/7\.7\.7\.4\//)
    }
  ))

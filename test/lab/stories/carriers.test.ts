// Peers behind more than one NAT, and peers behind the same one.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { oneCarrier } from '../carrier.ts'
import { oneNat, twoSites } from '../topologies.ts'
import { goDirectAndTalkOn, play, stayRelayedAndSayWhy } from './plot.ts'

it('two peers each behind a router behind their carrier’s go direct, and the relay is not missed', () =>
  play(twoSites({ a: { nat: 'double' }, b: { nat: 'double' } }), (scene) =>
    goDirectAndTalkOn(scene, { first: 'either' })
  ))

it('two peers behind one NAT that lets them meet at its outside go direct, and the relay is not missed', () =>
  play(oneNat({ nat: 'hairpin' }), (scene) => goDirectAndTalkOn(scene, { first: 'either' })))

it('two homes behind one carrier meet at its outside where it lets them, and the relay is not missed', () =>
  play(oneCarrier({ nat: 'hairpin' }), (scene) => goDirectAndTalkOn(scene, { first: 'either' })))

it('two homes behind one carrier that lets nobody meet at its outside stay relayed, and both are told', async () => {
  const [anna, ben] = await play(oneCarrier({ nat: 'drop' }), stayRelayedAndSayWhy)
  assert.match(
    anna!,
    /^you and ben are both behind 7\.7\.7\.2, a NAT that does not lead from one.*\(what you send .* does not come back\): .*hairpinning/
  )
  assert.match(
    ben!,
    /^you and anna are both behind 7\.7\.7\.2, a NAT that does not lead from one.*\(what you send .* does not come back\): .*hairpinning/
  )
})

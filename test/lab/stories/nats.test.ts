// Peers behind NATs meet at the relay, go direct at once, and talk on when the relay is killed.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { NatKind } from '../nat.ts'
import { twoSites } from '../topologies.ts'
import { goDirectAndTalkOn, play } from './plot.ts'
import type { Scene } from './scene.ts'

const STORIES: Array<[title: string, a: NatKind, b: NatKind]> = [
  ['two NATs that drop what they did not ask for', 'drop', 'drop'],
  ['a NAT that drops and a NAT that answers with RST', 'drop', 'rst'],
  ['two NATs that answer with RST', 'rst', 'rst'],
  ['a full cone and a NAT that drops', 'full-cone', 'drop'],
  ['a firewall before a public host and a NAT that drops', 'firewall', 'drop']
]

for (const [title, a, b] of STORIES) {
  it(`${title}: direct at the first attempt, as they meet, and the relay is not missed`, () =>
    play(twoSites({ a: { nat: a }, b: { nat: b } }), async (scene) => {
      await goDirectAndTalkOn(scene, { first: 'either' })
      assertDirectByMeeting(scene)
    }))
}

it('a symmetric NAT and a full cone, which lets in any port: direct, and the relay is not missed', () =>
  play(twoSites({ a: { nat: 'symmetric' }, b: { nat: 'full-cone' } }), (scene) =>
    goDirectAndTalkOn(scene, { first: 'either' })
  ))

/** One punch at either side: the one that began when the relay told both of each other. */
function assertDirectByMeeting({ peers }: Scene): void {
  for (const { name, events } of peers) {
    const punches = events.filter((told) => told.event === 'punch')
    const told = punches.map(({ via, attempt, outcome }) => ({ via, attempt, outcome }))
    assert.deepEqual(told, [{ via: 'meeting', attempt: 0, outcome: 'direct' }], name)
  }
}

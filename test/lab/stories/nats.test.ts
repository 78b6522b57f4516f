// Peers behind NATs meet at the relay, go direct, and talk on when the relay is killed.

import { it } from 'node:test'
import type { NatKind } from '../nat.ts'
import { twoSites } from '../topologies.ts'
import { goDirectAndTalkOn, play } from './plot.ts'

const STORIES: Array<[title: string, a: NatKind, b: NatKind]> = [
  ['two NATs that drop what they did not ask for', 'drop', 'drop'],
  ['a NAT that drops and a NAT that answers with RST', 'drop', 'rst'],
  ['two NATs that answer with RST', 'rst', 'rst'],
  ['a full cone and a NAT that drops', 'full-cone', 'drop'],
  ['a firewall before a public host and a NAT that drops', 'firewall', 'drop'],
  ['a symmetric NAT and a full cone, which lets in any port', 'symmetric', 'full-cone']
]

for (const [title, a, b] of STORIES) {
  it(`${title}: relayed at first, then direct, and the relay is not missed`, () =>
    play(twoSites({ a: { nat: a }, b: { nat: b } }), (scene) =>
      goDirectAndTalkOn(scene, { first: 'relayed' })
    ))
}

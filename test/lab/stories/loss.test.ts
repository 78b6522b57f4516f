// Links that lose packets: everything takes longer, nothing else changes.

import { it } from 'node:test'
import { twoSites } from '../topologies.ts'
import { goDirectAndTalkOn, play } from './plot.ts'

for (const nat of ['drop', 'rst'] as const) {
  it(`two NATs (${nat}) on links that lose every tenth packet: direct all the same, every line once and in order`, () => {
    const site = { nat, lossPercent: 10 }
    return play(twoSites({ a: site, b: site }), (scene) =>
      goDirectAndTalkOn(scene, { first: 'either' })
    )
  })
}

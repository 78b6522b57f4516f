// IPv6, with and without IPv4 beside it: nothing is translated, and firewalls still let only answers in.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { twoStacks, type TwoStacksOptions } from '../dual-stack.ts'
import { goDirectAndTalkOn, play } from './plot.ts'
import type { SceneOptions } from './scene.ts'

const STORIES: Array<
  [title: string, options: TwoStacksOptions, over: RegExp, scene?: SceneOptions]
> = [
  [
    'two peers with IPv6 alone, each behind a firewall that lets only answers in',
    { relay: 6, a: { ip6: true }, b: { ip6: true } },
    /^\/ip6\//
  ],
  [
    'a peer with IPv4 alone and a peer with both',
    { relay: 4, a: { ip4: 'drop' }, b: { ip4: 'drop', ip6: true } },
    /^\/ip4\//
  ],
  [
    'a peer with IPv4 alone and a peer with both that names the relay by IPv6',
    { relay: 6, a: { ip4: 'drop' }, b: { ip4: 'drop', ip6: true } },
    /^\/ip4\//,
    { annaRelay: '7.7.7.1' }
  ],
  [
    'two peers behind symmetric NATs that have IPv6 as well',
    { relay: 4, a: { ip4: 'symmetric', ip6: true }, b: { ip4: 'symmetric', ip6: true } },
    /^\/ip6\//
  ]
]

for (const [title, options, over, scene] of STORIES) {
  it(`${title}: direct, and the relay is not missed`, () =>
    play(
      twoStacks(options),
      async (opened) => {
        await goDirectAndTalkOn(opened, { first: 'either' })
        for (const peer of opened.peers) {
          const direct = opened.paths(peer).filter(({ path }) => path === 'direct')
          assert.match(direct[0]?.address ?? '', over)
        }
      },
      scene
    ))
}

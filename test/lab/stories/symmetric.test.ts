// Symmetric NATs: with a NAT that keeps to one port they become direct all the same, because one side guesses where the
// other one will be; two that choose at random stay on the relay, talk there, and are told why.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { NatKind } from '../nat.ts'
import { twoSites } from '../topologies.ts'
import { goDirectAndTalkOn, play, stayRelayedAndSayWhy } from './plot.ts'

const GUESSED: Array<[title: string, a: NatKind, b: NatKind]> = [
  ['a NAT with a random port for each destination, and one that drops', 'symmetric', 'drop'],
  ['a NAT that counts its ports up, and one that drops', 'sequential', 'drop'],
  ['two NATs that count their ports up', 'sequential', 'sequential']
]

for (const [title, a, b] of GUESSED) {
  it(`${title}: relayed at first, then direct, and the relay is not missed`, () =>
    play(twoSites({ a: { nat: a }, b: { nat: b } }), (scene) =>
      goDirectAndTalkOn(scene, { first: 'relayed' })
    ))
}

const ANOTHER = (whose: string): string =>
  `${whose} NAT gives every destination another port \\(\\d+, \\d+, \\d+ seen\\)`
const WHY = 'neither side can know where to dial; a port forward .* would make it direct'

it('two NATs with a random port for each destination stay relayed, and both are told so, with the ports', async () => {
  const lab = twoSites({ a: { nat: 'symmetric' }, b: { nat: 'symmetric' } })
  const [anna, ben] = await play(lab, stayRelayedAndSayWhy)
  assert.match(anna!, new RegExp(`^${ANOTHER('your')}, ${ANOTHER("ben's")}: ${WHY}`))
  assert.match(ben!, new RegExp(`^${ANOTHER('your')}, ${ANOTHER("anna's")}: ${WHY}`))
})

it('ports that are counted up do not help against a random one: they stay relayed, and are told so', async () => {
  const lab = twoSites({ a: { nat: 'sequential' }, b: { nat: 'symmetric' } })
  const [anna] = await play(lab, stayRelayedAndSayWhy)
  assert.match(
    anna!,
    new RegExp(
      `^your NAT gives every destination the next port \\([\\d, ]+ seen\\), ${ANOTHER("ben's")}: ${WHY}`
    )
  )
})

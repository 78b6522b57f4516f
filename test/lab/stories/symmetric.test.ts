// A symmetric NAT and another that lets in only what it asked for: they stay on the relay, talk there, and are told why.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { twoSites } from '../topologies.ts'
import { play, stayRelayedAndSayWhy } from './plot.ts'

it('a symmetric NAT and a NAT that drops stay relayed, and each is told whose NAT changes ports', async () => {
  const lab = twoSites({ a: { nat: 'symmetric' }, b: { nat: 'drop' } })
  const [anna, ben] = await play(lab, stayRelayedAndSayWhy)
  assert.match(anna!, /^your NAT changes ports .*whose NAT lets in only what it was asked for/)
  assert.match(ben!, /^anna's NAT changes ports /)
})

it('two symmetric NATs stay relayed, and both are told that both change ports', async () => {
  const lab = twoSites({ a: { nat: 'symmetric' }, b: { nat: 'symmetric' } })
  const [anna, ben] = await play(lab, stayRelayedAndSayWhy)
  assert.match(anna!, /^your NAT and ben's NAT both change ports/)
  assert.match(ben!, /^your NAT and anna's NAT both change ports/)
})

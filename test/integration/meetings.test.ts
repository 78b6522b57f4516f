// Punches on meeting beside everything else that makes a path direct.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import type { Signed } from '../../peer/traversal/meeting-punches.ts'
import {
  becomesDirect,
  dialThrough,
  echoes,
  startPuncher,
  type Puncher
} from '../support/punchers.ts'
import { relayScene } from '../support/relay-scene.ts'
import { guest } from '../support/room-scene.ts'
import { victim } from '../support/victim.ts'

const signedBy = ({ node, address }: Puncher, named: string = address.toString()): Signed => ({
  peer: node.peerId,
  addresses: [multiaddr(named)],
  sequence: Date.now()
})

describe('a punch on meeting', () => {
  it('gives both sides one connection, each in its own role, without any circuit', async () => {
    await using scene = await relayScene()
    await using ann = await startPuncher(scene.address)
    await using ben = await startPuncher(scene.address)
    ann.traversal.meet(signedBy(ben))
    ben.traversal.meet(signedBy(ann))
    const [annToBen, benToAnn] = await Promise.all([
      becomesDirect(ann, ben),
      becomesDirect(ben, ann)
    ])
    await Promise.all([echoes(annToBen), echoes(benToAnn)])
    const [annRound, benRound] = await Promise.all(
      [ann, ben].map(async ({ rounds }) => rounds.first(() => true))
    )
    assert.deepEqual([annRound?.outcome, benRound?.outcome], ['direct', 'direct'])
    const roles = ann.id < ben.id ? ['responder', 'initiator'] : ['initiator', 'responder']
    assert.deepEqual([annRound?.role, benRound?.role], roles)
    const directions = ann.id < ben.id ? ['outbound', 'inbound'] : ['inbound', 'outbound']
    assert.deepEqual([annToBen.direction, benToAnn.direction], directions)
  })

  it('that comes to nothing is called off by DCUtR, which goes as ever', async () => {
    await using scene = await relayScene()
    await using ann = await startPuncher(scene.address)
    await using ben = await startPuncher(scene.address)
    await using elsewhere = await victim()
    ann.traversal.meet(signedBy(ben, elsewhere.address))
    ben.traversal.meet(signedBy(ann, elsewhere.address))
    await dialThrough(scene.address, ann, ben)
    await Promise.all([becomesDirect(ann, ben), becomesDirect(ben, ann)])
    for (const { rounds } of [ann, ben]) {
      const { via, attempt, outcome } = await rounds.first(() => true)
      assert.deepEqual([via, attempt, outcome], ['dcutr', 1, 'direct'])
    }
    assert.equal(ann.punches.match(multiaddr(elsewhere.address)), undefined)
  })

  it('is none with a member that names our relay, which we know by its name, as its own address', async () => {
    await using scene = await relayScene()
    const name = multiaddr(scene.address.toString().replace('/ip4/127.0.0.1', '/dns4/localhost'))
    await using ann = await startPuncher(name)
    await using ben = await startPuncher(scene.address)
    await using mal = await startPuncher(scene.address)
    ann.traversal.meet(signedBy(mal, scene.address.toString()))
    assert.equal(ann.punches.match(scene.address), undefined)
    ann.traversal.meet(signedBy(ben))
    assert.notEqual(ann.punches.match(ben.address), undefined, 'others are punched as ever')
  })

  it('does not happen at a relay that tells nobody: members find and reach each other by asking', async () => {
    await using scene = await relayScene({ 'meetings-per-registration': 0 })
    await using ann = await guest([scene.address], 'ann')
    await using ben = await guest([scene.address], 'ben')
    await Promise.all([ann.path('ben', 'direct'), ben.path('ann', 'direct')])
    for (const { of } of [ann, ben]) assert.ok(of('punch').every(({ via }) => via === 'dcutr'))
  })
})

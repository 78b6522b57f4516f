// What a relay's node keeps in its peer store: itself, and nobody else.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Peer, PeerData, PeerId, PeerStore } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { unknownPeers } from '../../../relay/unknown-peers.ts'

async function store(): Promise<{ own: PeerId; peerStore: PeerStore; written: PeerId[] }> {
  const own = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
  const written: PeerId[] = []
  const note = async (id: PeerId, data: PeerData): Promise<Peer> => {
    written.push(id)
    return { ...empty(id), protocols: data.protocols ?? [] }
  }
  const inner: object = {
    get: async (id: PeerId) => ({ ...empty(id), protocols: ['/one'] }),
    save: note,
    patch: note,
    merge: note,
    consumePeerRecord: async () => assert.fail('it was stored')
  }
  assert.ok(isPeerStore(inner))
  unknownPeers()({ peerId: own, peerStore: inner })
  return { own, peerStore: inner, written }
}

const empty = (id: PeerId): Peer => ({
  id,
  addresses: [],
  protocols: [],
  metadata: new Map(),
  tags: new Map()
})

function isPeerStore(made: object): made is PeerStore {
  return 'merge' in made
}

describe('the peer store of a relay', () => {
  it('keeps nothing of others, and answers as if they had said nothing', async () => {
    const { peerStore, written } = await store()
    const stranger = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    for (const write of ['save', 'patch', 'merge'] as const) {
      assert.deepEqual(await peerStore[write](stranger, { protocols: ['/x'] }), empty(stranger))
    }
    assert.equal(await peerStore.consumePeerRecord(new Uint8Array()), false)
    assert.deepEqual(written, [])
    assert.deepEqual(await peerStore.get(stranger), empty(stranger))
  })

  it('keeps what the node notes of itself', async () => {
    const { own, peerStore, written } = await store()
    const { protocols } = await peerStore.merge(own, { protocols: ['/x'] })
    assert.deepEqual(protocols, ['/x'])
    assert.deepEqual(written, [own])
    assert.deepEqual((await peerStore.get(own)).protocols, ['/one'])
  })
})

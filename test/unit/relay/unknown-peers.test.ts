// What a relay's node keeps in its peer store: itself, with one signed record for all who ask, and nobody else.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type {
  Libp2pEvents,
  Peer,
  PeerData,
  PeerId,
  PeerStore,
  TypedEventTarget
} from '@libp2p/interface'
import type { AddressManager } from '@libp2p/interface-internal'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import { multiaddr } from '@multiformats/multiaddr'
import { unknownPeers } from '../../../relay/unknown-peers.ts'

async function store(): Promise<{
  own: PeerId
  peerStore: PeerStore
  written: PeerId[]
  addresses: string[]
  clock: { nowMs: number }
  update: () => void
}> {
  const privateKey = await generateKeyPair('Ed25519')
  const own = peerIdFromPrivateKey(privateKey)
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
  const addresses = ['/ip4/203.0.113.1/tcp/1']
  const manager: object = { getAddresses: () => addresses.map((each) => multiaddr(each)) }
  assert.ok(isAddressManager(manager))
  const events: EventTarget = new EventTarget()
  assert.ok(isEvents(events))
  const clock = { nowMs: 0 }
  unknownPeers({ nowMs: () => clock.nowMs })({
    peerId: own,
    privateKey,
    peerStore: inner,
    addressManager: manager,
    events
  })
  const update = (): void => void events.dispatchEvent(new CustomEvent('self:peer:update'))
  return { own, peerStore: inner, written, addresses, clock, update }
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

function isEvents(made: EventTarget): made is EventTarget & TypedEventTarget<Libp2pEvents> {
  return 'addEventListener' in made
}

function isAddressManager(made: object): made is AddressManager {
  return 'getAddresses' in made
}

async function recorded(peer: Peer): Promise<string[]> {
  assert.ok(peer.peerRecordEnvelope !== undefined)
  const envelope = await RecordEnvelope.openAndCertify(peer.peerRecordEnvelope, PeerRecord.DOMAIN)
  return PeerRecord.createFromProtobuf(envelope.payload).multiaddrs.map(String)
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

  it('signs one record for all who ask', async () => {
    const { own, peerStore } = await store()
    const [first, second] = [await peerStore.get(own), await peerStore.get(own)]
    assert.deepEqual(await recorded(first), ['/ip4/203.0.113.1/tcp/1'])
    assert.equal(first.peerRecordEnvelope, second.peerRecordEnvelope)
  })

  it('signs another when it has changed, and when interfaces may have', async () => {
    const { own, peerStore, addresses, clock, update } = await store()
    await peerStore.get(own)
    addresses.push('/ip4/203.0.113.2/tcp/1')
    clock.nowMs = 4_999
    assert.equal((await recorded(await peerStore.get(own))).length, 1)
    clock.nowMs = 5_000
    assert.equal((await recorded(await peerStore.get(own))).length, 2)
    addresses.push('/ip4/203.0.113.3/tcp/1')
    update()
    assert.equal((await recorded(await peerStore.get(own))).length, 3)
  })

  it('signs none while it listens nowhere', async () => {
    const { own, peerStore, addresses } = await store()
    addresses.length = 0
    assert.equal((await peerStore.get(own)).peerRecordEnvelope, undefined)
  })
})

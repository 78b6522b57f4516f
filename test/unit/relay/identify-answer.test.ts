// What a relay answers to identify, read by the library's own decoder of records and fields.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type {
  Connection,
  Libp2pEvents,
  Stream,
  StreamHandler,
  TypedEventTarget
} from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { PeerRecord, RecordEnvelope } from '@libp2p/peer-record'
import { lpStream, streamPair } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { IDENTIFY_PROTOCOL, identifyAnswer } from '../../../relay/identify-answer.ts'
import { readFields } from '../../../shared/wire/field-reader.ts'

interface Told {
  publicKey: Buffer
  addresses: string[]
  protocols: string[]
  observed: string | undefined
  versions: string[]
  /** Addresses that are signed. */
  signed: string[] | undefined
  record: Buffer | undefined
}

async function answering(): Promise<{
  ask: (connection?: Partial<Connection>) => Promise<Told>
  key: Buffer
  addresses: string[]
  protocols: string[]
  clock: { nowMs: number }
  update: () => void
}> {
  const privateKey = await generateKeyPair('Ed25519')
  const addresses = ['/ip4/203.0.113.1/tcp/1']
  const protocols = [IDENTIFY_PROTOCOL, '/x']
  const events: EventTarget = new EventTarget()
  assert.ok(isEvents(events))
  const clock = { nowMs: 0 }
  let handler: StreamHandler | undefined
  const service = identifyAnswer({ nowMs: () => clock.nowMs, unlisted: ['/unlisted'] })({
    peerId: peerIdFromPrivateKey(privateKey),
    privateKey,
    nodeInfo: { userAgent: 'parley/1' },
    addressManager: { getAddresses: () => addresses.map((each) => multiaddr(each)) },
    registrar: {
      getProtocols: () => [...protocols, '/unlisted'],
      handle: async (_, handle) => void (handler = handle),
      unhandle: async () => undefined
    },
    events
  })
  await service.start()
  const ask = async (connection: Partial<Connection> = SEEN): Promise<Told> => {
    const [near, far] = await streamPair()
    assert.ok(isConnection(connection))
    void handler?.(far, connection)
    return read(near)
  }
  return {
    ask,
    key: Buffer.from(publicKeyToProtobuf(privateKey.publicKey)),
    addresses,
    protocols,
    clock,
    update: () => void events.dispatchEvent(new CustomEvent('self:peer:update'))
  }
}

const SEEN = { direct: true, remoteAddr: multiaddr('/ip4/192.0.2.7/tcp/4001') }

const isConnection = (made: Partial<Connection>): made is Connection => 'direct' in made

function isEvents(made: EventTarget): made is EventTarget & TypedEventTarget<Libp2pEvents> {
  return 'addEventListener' in made
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

async function read(stream: Stream): Promise<Told> {
  const message = await lpStream(stream).read({ signal: AbortSignal.timeout(5000) })
  const told: Told = {
    publicKey: Buffer.alloc(0),
    addresses: [],
    protocols: [],
    observed: undefined,
    versions: [],
    signed: undefined,
    record: undefined
  }
  readFields(message.subarray(), 'identify', {
    1: (field) => (told.publicKey = Buffer.from(field.bytesCopy('key'))),
    2: (field) => told.addresses.push(multiaddr(field.bytesCopy('address')).toString()),
    3: (field) => told.protocols.push(text(field.bytesCopy('protocol'))),
    4: (field) => (told.observed = multiaddr(field.bytesCopy('observed')).toString()),
    5: (field) => told.versions.push(text(field.bytesCopy('version'))),
    6: (field) => told.versions.push(text(field.bytesCopy('agent'))),
    8: (field) => (told.record = Buffer.from(field.bytesCopy('record')))
  })
  if (told.record !== undefined) {
    const envelope = await RecordEnvelope.openAndCertify(told.record, PeerRecord.DOMAIN)
    told.signed = PeerRecord.createFromProtobuf(envelope.payload).multiaddrs.map(String)
  }
  return told
}

describe('what a relay answers to identify', () => {
  it('is who it is, where it is and what it speaks, signed, and where it sees the one who asks', async () => {
    const { ask, key, addresses, protocols } = await answering()
    const told = await ask()
    assert.deepEqual(told.publicKey, key)
    assert.deepEqual(told.addresses, addresses)
    assert.deepEqual(told.signed, addresses)
    assert.deepEqual(told.protocols, protocols)
    assert.deepEqual(told.versions, ['ipfs/0.1.0', 'parley/1'])
    assert.equal(told.observed, '/ip4/192.0.2.7/tcp/4001')
  })

  it('is signed once for all, and each is told its own address', async () => {
    const { ask } = await answering()
    const first = await ask()
    const second = await ask({ direct: true, remoteAddr: multiaddr('/ip4/192.0.2.8/tcp/1') })
    assert.equal(second.observed, '/ip4/192.0.2.8/tcp/1')
    assert.deepEqual(second.record, first.record)
  })

  it('names no address to those who ask over a circuit', async () => {
    const { ask } = await answering()
    assert.equal((await ask({ ...SEEN, direct: false })).observed, undefined)
  })

  it('is made anew when the node has changed, and when interfaces may have', async () => {
    const { ask, addresses, clock, update } = await answering()
    await ask()
    addresses.push('/ip4/203.0.113.2/tcp/1')
    clock.nowMs = 4_999
    assert.equal((await ask()).signed?.length, 1)
    clock.nowMs = 5_000
    assert.equal((await ask()).signed?.length, 2)
    addresses.push('/ip4/203.0.113.3/tcp/1')
    update()
    assert.equal((await ask()).signed?.length, 3)
  })

  it('has no record while it listens nowhere', async () => {
    const { ask, addresses } = await answering()
    addresses.length = 0
    assert.equal((await ask()).record, undefined)
  })
})

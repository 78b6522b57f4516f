// A relay and requests that are nearly right, over real connections: each stream ends, each answer is one of its protocol,
// and the next request of anybody is answered. fast-check prints seed and path of a failure.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { it, type TestContext } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { assert as check, asyncProperty, type Arbitrary } from 'fast-check'
import { encode } from 'uint8-varint'
import { sealRecord } from '../../shared/signed-record.ts'
import { ACCESS_PROTOCOL, decodeVerdict, encodeProof } from '../../shared/wire/access.ts'
import { CircuitStatus, decodeHop, encodeHop, HOP_PROTOCOL } from '../../shared/wire/circuit.ts'
import {
  decodeMessage,
  encodeMessage,
  RENDEZVOUS_PROTOCOL,
  STATUS
} from '../../shared/wire/rendezvous.ts'
import { secretOf, visitor, type Visitor } from '../support/access-visitors.ts'
import { anyBytes } from '../support/mutations.ts'
import { patience } from '../support/raw-circuit.ts'
import { relayScene } from '../support/relay-scene.ts'

const MANY = 1_000_000
/** Nobody is shown out for what is looked at here. */
const LIMITS = {
  'offences-per-peer': MANY,
  'stream-rate-per-peer': MANY,
  'hop-rate-per-peer': MANY,
  'rendezvous-rate-per-peer': MANY,
  'wrong-secret-rate-per-host': MANY
}
const RUNS = 150

const framed = (message: Uint8Array): Uint8Array =>
  Buffer.concat([encode(message.byteLength), message])

/** Frames that are whole; throws when there is half of one. */
function unframed(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = []
  for (let at = 0; at < bytes.byteLength;) {
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes.readUInt8(at++)
      length += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) break
    }
    assert.ok(at + length <= bytes.byteLength, 'half an answer')
    frames.push(bytes.subarray(at, (at += length)))
  }
  return frames
}

/** Sends it on a stream of its own, and no more; what was answered before the stream ended. */
async function exchange(
  { toRelay }: Visitor,
  protocol: string,
  bytes: Uint8Array
): Promise<Buffer[]> {
  const stream = await toRelay.newStream(protocol, { signal: patience() })
  const received: Uint8Array[] = []
  stream.addEventListener('message', ({ data }) => void received.push(data.subarray()))
  const ended = once(stream, 'close', { signal: patience() })
  stream.send(bytes)
  // It may have been reset already.
  stream.close({ signal: patience() }).catch(() => {})
  await ended
  return unframed(Buffer.concat(received))
}

const each = async (
  requests: Arbitrary<Uint8Array>,
  then: (bytes: Uint8Array) => Promise<void>
): Promise<void> => check(asyncProperty(requests, then), { numRuns: RUNS })

async function scene(t: TestContext) {
  const secret = secretOf('correct horse battery')
  const relay = await relayScene(LIMITS, { access: { secrets: [secret] } })
  t.after(async () => relay[Symbol.asyncDispose]())
  const [eve, ann] = [await visitor(t, relay), await visitor(t, relay)]
  await eve.prove(secret)
  await ann.prove(secret)
  return { relay, eve, ann, secret }
}

it('requests of rendezvous are answered, or their stream is reset', async (t) => {
  const { relay, eve, ann } = await scene(t)
  const sealed = { form: 'standard', addresses: [multiaddr('/ip4/192.0.2.1/tcp/1')] } as const
  const signedPeerRecord = await sealRecord(eve.key, { ...sealed, sequence: 1, signal: patience() })
  const requests = [
    encodeMessage({ type: 'register', ns: 'kitchen', signedPeerRecord, ttlSeconds: 7200 }),
    encodeMessage({ type: 'unregister', ns: 'kitchen' }),
    encodeMessage({ type: 'discover', ns: 'kitchen', limit: 3, cookie: new Uint8Array(8) }),
    encodeMessage({ type: 'registerResponse', status: 0, ttlSeconds: 7200 })
  ].map(framed)
  await each(anyBytes([...requests, Buffer.concat(requests)]), async (bytes) => {
    for (const answer of await exchange(eve, RENDEZVOUS_PROTOCOL, bytes)) {
      assert.match(decodeMessage(answer).type, /Response$/)
    }
  })
  assert.equal(await ann.rooms.register('kitchen'), STATUS.ok)
  assert.ok(relay.relay.snapshot().registrations <= 33, 'those of one peer and of one more')
})

it('requests of HOP have a status, or their stream is reset', async (t) => {
  const { eve, ann } = await scene(t)
  const peer = { id: ann.node.peerId.toMultihash().bytes, addresses: [new Uint8Array(8)] }
  const requests = [
    encodeHop({ type: 'RESERVE' }),
    encodeHop({ type: 'CONNECT', peer }),
    encodeHop({ type: 'STATUS', status: 100 })
  ].map(framed)
  await each(anyBytes(requests), async (bytes) => {
    for (const answer of await exchange(eve, HOP_PROTOCOL, bytes)) {
      assert.equal(decodeHop(answer).type, 'STATUS')
    }
  })
  assert.equal(await ann.reserve(), CircuitStatus.OK)
})

it('proofs of a secret have a verdict, or their stream is reset', async (t) => {
  const { relay, eve, secret } = await scene(t)
  const bob = await visitor(t, relay)
  const proofs = [0, 1, 16].map((count) =>
    framed(
      encodeProof({
        nonce: new Uint8Array(32),
        macs: Array.from({ length: count }, () => new Uint8Array(32))
      })
    )
  )
  await each(anyBytes(proofs), async (bytes) => {
    const [, verdict] = await exchange(bob, ACCESS_PROTOCOL, bytes)
    if (verdict !== undefined) assert.ok(decodeVerdict(verdict) > 100)
  })
  assert.equal(await bob.reserve(), CircuitStatus.PERMISSION_DENIED)
  assert.equal(await bob.prove(secret), 'proven')
  assert.equal(await eve.reserve(), CircuitStatus.OK)
})

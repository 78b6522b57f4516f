// What a proof of a secret is worth elsewhere, later and to others: nothing. And what hostile hands get for it.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { tcp } from '@libp2p/tcp'
import { lpStream } from '@libp2p/utils'
import { proveSecret } from '../../peer/reservations/secret-proof.ts'
import { proofOf } from '../../shared/access-proof.ts'
import {
  ACCESS_PROTOCOL,
  AccessStatus,
  decodeProof,
  encodeChallenge,
  NONCE_BYTES,
  type AccessProof
} from '../../shared/wire/access.ts'
import { CircuitStatus } from '../../shared/wire/circuit.ts'
import { proveByHand, secretOf, visitor, type Visitor } from '../support/access-visitors.ts'
import { patience, reserveRequest } from '../support/raw-circuit.ts'
import { statusOf } from '../support/relay-guests.ts'
import { relayScene, stockPeer } from '../support/relay-scene.ts'

const { OK, PERMISSION_DENIED } = CircuitStatus
const SECRET = secretOf('correct horse battery')
const WITH_SECRET = { secrets: [SECRET] }

const honest =
  (one: Visitor) =>
  (relayNonce: Uint8Array): AccessProof => {
    const nonce = randomBytes(NONCE_BYTES)
    const relay = one.toRelay.remotePeer.toMultihash().bytes
    const peer = one.node.peerId.toMultihash().bytes
    const mac = proofOf(SECRET, { relay, peer, relayNonce, peerNonce: nonce })
    return { nonce, macs: [mac] }
  }

describe('a proof', { concurrency: 4 }, () => {
  it('that was recorded is worth nothing a second time, nor to another peer', async (t) => {
    await using scene = await relayScene({}, { access: WITH_SECRET })
    const [ann, bob] = [await visitor(t, scene), await visitor(t, scene)]
    let recorded: AccessProof | undefined
    const first = await proveByHand(ann.toRelay, (challenge) => (recorded = honest(ann)(challenge)))
    assert.equal(first, AccessStatus.OK)
    const replay = (): AccessProof => recorded ?? assert.fail('nothing was recorded')
    assert.equal(await proveByHand(ann.toRelay, replay), AccessStatus.WRONG_SECRET)
    assert.equal(await proveByHand(bob.toRelay, replay), AccessStatus.WRONG_SECRET)
    assert.equal(await proveByHand(bob.toRelay, honest(ann)), AccessStatus.WRONG_SECRET)
    assert.equal(await bob.reserve(), PERMISSION_DENIED)
    assert.equal(await ann.reserve(), OK)
  })

  it('counts until the peer has disconnected, over each of its connections', async (t) => {
    await using scene = await relayScene({}, { access: WITH_SECRET })
    const ann = await visitor(t, scene)
    await ann.prove(SECRET)
    const second = await ann.node.dial(scene.address, { force: true, signal: patience() })
    await ann.toRelay.close()
    assert.equal(await statusOf({ ...ann, toRelay: second }, reserveRequest()), OK)
    await second.close()
    await scene.event('reservation', { peer: ann.id, action: 'released' })
    const third = await ann.node.dial(scene.address, { signal: patience() })
    assert.equal(await statusOf({ ...ann, toRelay: third }, reserveRequest()), PERMISSION_DENIED)
  })

  it('that a relay in the middle asks for is worth nothing at the real one', async (t) => {
    await using scene = await relayScene({}, { access: WITH_SECRET })
    const middle = await stockPeer(['/ip4/127.0.0.1/tcp/0'], [tcp()])
    t.after(async () => middle.stop())
    await middle.start()
    const toReal = await middle.dial(scene.address, { signal: patience() })
    const verdict = Promise.withResolvers<number>()
    await middle.handle(ACCESS_PROTOCOL, async (stream) => {
      const frames = lpStream(stream)
      const passOn = async (challenge: Uint8Array): Promise<AccessProof> => {
        await frames.write(encodeChallenge(challenge))
        return decodeProof((await frames.read({ signal: patience() })).subarray())
      }
      verdict.resolve(await proveByHand(toReal, passOn))
    })
    const victim = await stockPeer([], [tcp()])
    t.after(async () => victim.stop())
    await victim.start()
    const dialled = await victim.dial(middle.getMultiaddrs(), { signal: patience() })
    await proveSecret(dialled, { self: victim.peerId, secrets: [SECRET], signal: patience() })
    assert.equal(await verdict.promise, AccessStatus.WRONG_SECRET)
  })
})

describe('who guesses', { concurrency: 4 }, () => {
  it('is not looked at any more after so many wrong secrets, even when right', async (t) => {
    await using scene = await relayScene(
      { 'wrong-secret-rate-per-host': 3 },
      { access: WITH_SECRET }
    )
    const bob = await visitor(t, scene)
    for (let tries = 0; tries < 3; tries++) {
      assert.equal(await bob.prove(secretOf(`guess number ${100 + tries}`)), 'wrong')
    }
    assert.equal(await bob.prove(SECRET), 'too-many-tries')
    const limit = 'wrong-secret-rate-per-host'
    await scene.event('access', { peer: bob.id, action: 'refused', limit })
    assert.equal(scene.relay.refusals[limit], 1)
    assert.equal(await bob.reserve(), PERMISSION_DENIED)
  })

  it('asks too often, as with any request', async (t) => {
    await using scene = await relayScene({ 'hop-rate-per-peer': 2 }, { access: WITH_SECRET })
    const ann = await visitor(t, scene)
    assert.equal(await ann.prove(SECRET), 'proven')
    assert.equal(await ann.prove(SECRET), 'proven')
    assert.equal(await ann.prove(SECRET), 'too-many-tries')
  })
})

describe('a stream for proofs', { concurrency: 4 }, () => {
  const BYTES: Array<[what: string, bytes: Uint8Array]> = [
    ['garbage', Buffer.alloc(50, 0xff)],
    ['a length that never ends', Buffer.alloc(50, 0x80)],
    ['a message that is no proof', Uint8Array.of(2, 0x08, 0x01)],
    ['a message beyond the limit', Buffer.concat([Uint8Array.of(0xd0, 0x0f), Buffer.alloc(2000)])]
  ]
  for (const [what, bytes] of BYTES) {
    it(`is reset for ${what}, and nobody else notices`, async (t) => {
      await using scene = await relayScene({}, { access: WITH_SECRET })
      const [ann, bob] = [await visitor(t, scene), await visitor(t, scene)]
      const stream = await bob.toRelay.newStream(ACCESS_PROTOCOL, { signal: patience() })
      const ended = once(stream, 'close', { signal: patience() })
      stream.send(bytes)
      await ended
      assert.equal(stream.status, 'reset')
      assert.equal(await ann.prove(SECRET), 'proven')
      assert.equal(await bob.prove(SECRET), 'proven')
    })
  }

  it('is reset when nothing comes, or a byte at a time', async (t) => {
    await using scene = await relayScene({ 'hop-seconds': 0.3 }, { access: WITH_SECRET })
    const bob = await visitor(t, scene)
    const silent = await bob.toRelay.newStream(ACCESS_PROTOCOL, { signal: patience() })
    const slow = await bob.toRelay.newStream(ACCESS_PROTOCOL, { signal: patience() })
    const ends = [silent, slow].map((stream) => once(stream, 'close', { signal: patience() }))
    slow.send(Uint8Array.of(98, 0x0a))
    await Promise.all(ends)
    const late = await scene.event('access', { peer: bob.id, action: 'refused' })
    assert.equal(late.limit, 'hop-seconds')
    assert.equal(await bob.prove(SECRET), 'proven')
  })

  it('that is none, again and again, is the end of the connection', async (t) => {
    await using scene = await relayScene({ 'offences-per-peer': 2 }, { access: WITH_SECRET })
    const [bob, eve] = [await visitor(t, scene), await visitor(t, scene)]
    const ended = once(eve.toRelay, 'close', { signal: patience() })
    for (let n = 0; n < 3; n++) {
      const stream = await eve.toRelay.newStream(ACCESS_PROTOCOL, { signal: patience() })
      const reset = once(stream, 'close', { signal: patience() })
      stream.send(Uint8Array.of(0))
      await reset
    }
    await ended
    const event = await scene.event('connection', { action: 'closed' })
    assert.equal(event.limit, 'offences-per-peer')
    assert.equal(await bob.prove(SECRET), 'proven')
  })

  it('is one of two at most on a connection', async (t) => {
    await using scene = await relayScene({}, { access: WITH_SECRET })
    const bob = await visitor(t, scene)
    const open = async () => bob.toRelay.newStream(ACCESS_PROTOCOL, { signal: patience() })
    await Promise.all([open(), open()])
    await assert.rejects(async () => lpStream(await open()).read({ signal: patience() }))
  })
})

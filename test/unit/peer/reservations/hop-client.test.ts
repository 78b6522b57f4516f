// Reservations asked for on a scripted stream: what a relay may answer, and what it is taken for.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey, Stream } from '@libp2p/interface'
import { UnsupportedProtocolError } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { lpStream, streamPair } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { reserve, type Granted, type Refused } from '../../../../peer/reservations/hop-client.ts'
import {
  CircuitStatus,
  decodeHop,
  encodeHop,
  type CircuitReservation,
  type HopMessage
} from '../../../../shared/wire/circuit.ts'
import { sealVoucher } from '../../../../shared/wire/reservation-voucher.ts'

const AT = multiaddr('/ip4/203.0.113.7/tcp/45678')
const EXPIRES = 1_800_000_000

interface Parties {
  relay: PrivateKey
  self: PrivateKey
  other: PrivateKey
}

const parties: Parties = {
  relay: await generateKeyPair('Ed25519'),
  self: await generateKeyPair('Ed25519'),
  other: await generateKeyPair('Ed25519')
}

/** Asks a relay that does what the script says with its end of the stream. */
async function asked(
  script: (stream: Stream) => unknown,
  { timeoutMs = 2_000, signal = new AbortController().signal } = {}
): Promise<Granted | Refused> {
  const [ours, theirs] = await streamPair()
  const connection = {
    remotePeer: peerIdFromPrivateKey(parties.relay),
    newStream: async () => ours
  }
  void Promise.resolve(script(theirs)).catch(() => undefined)
  return reserve(connection, { self: peerIdFromPrivateKey(parties.self), signal, timeoutMs })
}

/** Reads the request and answers. */
const answering =
  (answer: HopMessage) =>
  async (stream: Stream): Promise<void> => {
    const frames = lpStream(stream)
    assert.deepEqual(decodeHop((await frames.read()).subarray()), { type: 'RESERVE' })
    await frames.write(encodeHop(answer))
  }

const granting = (
  reservation: Partial<CircuitReservation>,
  limit?: HopMessage['limit']
): ReturnType<typeof answering> =>
  answering({
    type: 'STATUS',
    status: CircuitStatus.OK,
    reservation: { expireSeconds: EXPIRES, addresses: [], ...reservation },
    ...(limit === undefined ? {} : { limit })
  })

async function voucher(signedBy: keyof Parties, names: keyof Parties): Promise<Uint8Array> {
  const { signal } = new AbortController()
  const relay = peerIdFromPrivateKey(parties[signedBy])
  const peer = peerIdFromPrivateKey(parties[names])
  return sealVoucher({ relay, peer, expireSeconds: EXPIRES }, parties[signedBy], { signal })
}

const fails = async (script: (stream: Stream) => unknown, fault: string): Promise<void> =>
  assert.rejects(asked(script), { name: 'ReservationError', fault })

describe('a reservation', () => {
  it('is granted with its end, its limits, and the addresses that can be read', async () => {
    const addresses = [AT.bytes, Uint8Array.of(0xff, 0xff, 0xff)]
    const limit = { durationSeconds: 120, dataBytes: 131_072 }
    const answer = await asked(granting({ addresses }, limit))
    assert.ok(answer.granted)
    assert.equal(answer.expiresAtMs, EXPIRES * 1000)
    assert.deepEqual(answer.limit, limit)
    assert.deepEqual(answer.addresses.map(String), [AT.toString()])
  })

  it('is taken with the voucher of this relay for this peer, and without one', async () => {
    const own = await asked(granting({ voucher: await voucher('relay', 'self') }))
    assert.ok(own.granted)
    const none = await asked(granting({}))
    assert.deepEqual([none.granted, none.granted && none.limit], [true, {}])
  })

  it('is not taken with the voucher of another relay, for another peer, or that is none', async () => {
    await fails(granting({ voucher: await voucher('other', 'self') }), 'wrong-voucher')
    await fails(granting({ voucher: await voucher('relay', 'other') }), 'wrong-voucher')
    await fails(granting({ voucher: Uint8Array.of(1, 2, 3) }), 'wrong-voucher')
  })

  it('is refused with a status, known or not', async () => {
    for (const status of [
      CircuitStatus.RESERVATION_REFUSED,
      CircuitStatus.PERMISSION_DENIED,
      999
    ]) {
      assert.deepEqual(await asked(answering({ type: 'STATUS', status })), {
        granted: false,
        status
      })
    }
    assert.deepEqual(await asked(answering({ type: 'STATUS' })), {
      granted: false,
      status: undefined
    })
  })
})

describe('an answer to a reservation', () => {
  it('that grants nothing, is a question, or no message at all is garbage', async () => {
    await fails(answering({ type: 'STATUS', status: CircuitStatus.OK }), 'garbage')
    await fails(answering({ type: 'RESERVE' }), 'garbage')
    await fails((stream) => stream.send(Buffer.from([3, 0xff, 0xff, 0xff])), 'garbage')
  })

  it('whose length is over the limit or never ends is garbage at once', async () => {
    await fails((stream) => stream.send(Buffer.from([0x81, 0x20, 0])), 'garbage')
    await fails((stream) => stream.send(Buffer.alloc(100_000, 0x80)), 'garbage')
  })

  it('that does not come in time is none', async () => {
    await assert.rejects(
      asked(() => undefined, { timeoutMs: 20 }),
      { fault: 'no-answer' }
    )
    await assert.rejects(
      asked((stream) => stream.send(Uint8Array.of(50, 1)), { timeoutMs: 20 }),
      { fault: 'no-answer' }
    )
  })

  it('is broken off when the stream ends', async () => {
    await fails(async (stream) => stream.close(), 'broken-off')
    await fails((stream) => stream.abort(new Error('no more')), 'broken-off')
  })

  it('does not hold up who is asked to leave', async () => {
    const leaving = new AbortController()
    const answer = asked(() => undefined, { signal: leaving.signal })
    leaving.abort(new Error('leaving'))
    await assert.rejects(answer, /^Error: leaving$/)
  })
})

it('a relay that leaves its side of the stream open does not use up our streams', async () => {
  const ended = Promise.withResolvers<void>()
  const answer = await asked(async (stream) => {
    stream.addEventListener('close', () => ended.resolve())
    await granting({})(stream)
  })
  assert.ok(answer.granted)
  await ended.promise
})

it('a peer that does not speak the protocol is no relay', async () => {
  const connection = {
    remotePeer: peerIdFromPrivateKey(parties.relay),
    newStream: async () => {
      throw new UnsupportedProtocolError('no such protocol')
    }
  }
  const options = { self: peerIdFromPrivateKey(parties.self), signal: new AbortController().signal }
  await assert.rejects(reserve(connection, options), { fault: 'no-hop' })
})

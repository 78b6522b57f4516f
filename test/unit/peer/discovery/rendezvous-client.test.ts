// Requests over pairs of streams to servers that answer as ours, as rust-libp2p's, or badly.
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { UnsupportedProtocolError, type Stream } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { lpStream, streamPair, type LengthPrefixedStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { rendezvousChannel } from '../../../../peer/discovery/channel.ts'
import {
  discover,
  RefusedError,
  register,
  unregister
} from '../../../../peer/discovery/rendezvous-client.ts'
import { sealRecord } from '../../../../shared/signed-record.ts'
import {
  decodeMessage,
  encodeMessage,
  STATUS,
  type RendezvousMessage
} from '../../../../shared/wire/rendezvous.ts'

const { signal } = new AbortController()
const ada = await generateKeyPair('Ed25519')
const bob = await generateKeyPair('Ed25519')
const record = await seal(ada)
const OK: RendezvousMessage = { type: 'registerResponse', status: STATUS.ok, ttlSeconds: 7200 }
const NOBODY: RendezvousMessage = {
  type: 'discoverResponse',
  registrations: [],
  cookie: Buffer.from('cookie'),
  status: STATUS.ok
}

async function seal(key: typeof ada): Promise<Uint8Array> {
  const addresses = [multiaddr('/ip4/192.0.2.1/tcp/4001')]
  return sealRecord(key, { form: 'rust', addresses, sequence: 3, signal })
}

type Serve = (frames: LengthPrefixedStream<Stream>, stream: Stream) => Promise<void>

/** A connection whose streams end at the given server; counts them. */
function connectionTo(t: TestContext, serve: Serve) {
  const streams: Stream[] = []
  t.after(() => streams.forEach((each) => each.abort(new Error('the test is over'))))
  return {
    streams,
    status: 'open' as const,
    async newStream(): Promise<Stream> {
      const [near, far] = await streamPair()
      streams.push(far)
      serve(lpStream(far), far).catch((error: Error) => far.abort(error))
      return near
    }
  }
}

/** Answers each request with the next reply, all on one stream. */
function inTurn(replies: RendezvousMessage[], heard: RendezvousMessage[] = []): Serve {
  return async (frames) => {
    for (;;) {
      heard.push(decodeMessage((await frames.read()).subarray()))
      const reply = heard.at(-1)?.type === 'unregister' ? undefined : replies.shift()
      if (reply !== undefined) await frames.write(encodeMessage(reply))
    }
  }
}

/** Answers one request a stream and closes, as rust-libp2p does. */
function oneEach(answer: (request: RendezvousMessage) => RendezvousMessage): Serve {
  return async (frames, stream) => {
    const request = decodeMessage((await frames.read()).subarray())
    await frames.write(encodeMessage(answer(request)))
    await stream.close()
  }
}

describe('rendezvous client', () => {
  it('asks everything on one stream where the server answers on it, in order', async (t) => {
    const heard: RendezvousMessage[] = []
    const connection = connectionTo(t, inTurn([OK, NOBODY, OK], heard))
    const channel = rendezvousChannel(connection)
    const [registered, listing] = await Promise.all([
      register(channel, { room: 'kitchen', record, signal }),
      discover(channel, { room: 'kitchen', limit: 5, cookie: Buffer.from('c'), signal })
    ])
    await unregister(channel, { room: 'kitchen', signal })
    await register(channel, { room: 'kitchen', record, signal })
    assert.equal(registered.ttlMs, 7_200_000)
    assert.deepEqual(Buffer.from(listing.cookie ?? []).toString(), 'cookie')
    assert.equal(connection.streams.length, 1)
    assert.deepEqual(
      heard.map((each) => each.type),
      ['register', 'discover', 'unregister', 'register']
    )
    const [first, second] = heard
    assert.ok(first?.type === 'register' && second?.type === 'discover')
    assert.equal(first.ttlSeconds, 7200, 'what servers take at least')
    assert.equal(second.limit, 5)
    assert.equal(Buffer.from(second.cookie ?? []).toString(), 'c')
  })

  it('goes over to a stream for each request where the server closes after the first', async (t) => {
    const serve = oneEach((request) => (request.type === 'register' ? OK : NOBODY))
    const connection = connectionTo(t, serve)
    const channel = rendezvousChannel(connection)
    await Promise.all([
      register(channel, { room: 'kitchen', record, signal }),
      discover(channel, { room: 'kitchen', signal }),
      discover(channel, { room: 'kitchen', signal })
    ])
    assert.equal(connection.streams.length, 3)
    await discover(channel, { room: 'kitchen', signal })
    assert.equal(connection.streams.length, 4, 'no stream is tried in vain any more')
  })

  it('clamps TTLs of a million years to 72 h, in grants and in listings', async (t) => {
    const ttlSeconds = Number.MAX_SAFE_INTEGER
    const listing: RendezvousMessage = {
      type: 'discoverResponse',
      registrations: [{ ns: 'kitchen', signedPeerRecord: record, ttlSeconds }],
      status: STATUS.ok
    }
    const connection = connectionTo(t, inTurn([{ ...OK, ttlSeconds }, listing]))
    const channel = rendezvousChannel(connection)
    const granted = await register(channel, { room: 'kitchen', record, signal })
    assert.equal(granted.ttlMs, 259_200_000)
    const { found } = await discover(channel, { room: 'kitchen', signal })
    assert.equal(found[0]?.ttlMs, 259_200_000)
    assert.ok(found[0].peer.equals(peerIdFromPrivateKey(ada)))
    assert.deepEqual(found[0].addresses.map(String), ['/ip4/192.0.2.1/tcp/4001'])
    assert.equal(found[0].sequence, 3)
  })

  it('drops what nobody signed, what was changed, and what belongs elsewhere', async (t) => {
    const changed = Uint8Array.from(await seal(bob))
    changed[changed.byteLength - 1]! ^= 1
    const listing: RendezvousMessage = {
      type: 'discoverResponse',
      registrations: [
        { ns: 'kitchen', signedPeerRecord: new Uint8Array() },
        { ns: 'kitchen', signedPeerRecord: changed },
        { ns: 'garden', signedPeerRecord: record },
        { ns: 'kitchen', signedPeerRecord: record }
      ],
      status: STATUS.ok
    }
    const channel = rendezvousChannel(connectionTo(t, inTurn([listing])))
    const { found } = await discover(channel, { room: 'kitchen', signal })
    assert.deepEqual(
      found.map(({ record: kept }) => kept),
      [record]
    )
  })

  it('says what was refused and why, and nothing that moves the cursor', async (t) => {
    const refusal: RendezvousMessage = {
      type: 'registerResponse',
      status: STATUS.invalidTtl,
      statusText: 'too short\u001B[2J'
    }
    const channel = rendezvousChannel(connectionTo(t, inTurn([refusal])))
    await assert.rejects(register(channel, { room: 'kitchen', record, signal }), (error) => {
      assert.ok(error instanceof RefusedError)
      assert.equal(error.status, STATUS.invalidTtl)
      const words = 'the relay refused to register room "kitchen": invalid TTL (too short'
      assert.ok(error.message.startsWith(words), error.message)
      assert.ok(!error.message.includes('\u001B'))
      return true
    })
  })

  it('says so when the relay does not offer rendezvous', async () => {
    const channel = rendezvousChannel({
      status: 'open',
      newStream: async () => Promise.reject(new UnsupportedProtocolError('no'))
    })
    await assert.rejects(
      discover(channel, { room: 'kitchen', signal }),
      /did not say who is in room "kitchen": it does not offer rendezvous/
    )
  })

  it('says so when the server ends the stream without an answer, on a second try too', async (t) => {
    const connection = connectionTo(t, async (_frames, stream) => stream.close())
    const channel = rendezvousChannel(connection)
    await assert.rejects(
      register(channel, { room: 'kitchen', record, signal }),
      /did not register room "kitchen": it closed the stream without an answer/
    )
    assert.equal(connection.streams.length, 2)
  })

  it('does not wait for a server that does not answer: the caller may leave', async (t) => {
    const connection = connectionTo(t, async () => undefined)
    const channel = rendezvousChannel(connection)
    const leaving = new AbortController()
    const asked = discover(channel, { room: 'kitchen', signal: leaving.signal })
    leaving.abort(new Error('leaving'))
    await assert.rejects(asked, /leaving/)
  })

  it('opens a new stream after a failure, and is not out of step', async (t) => {
    const replies = [OK, NOBODY]
    const connection = connectionTo(t, async (frames) => {
      await frames.read()
      await frames.write(connection.streams.length === 1 ? Uint8Array.of(7) : encodeMessage(OK))
      await frames.read()
      await frames.write(encodeMessage(replies[1] ?? NOBODY))
    })
    const channel = rendezvousChannel(connection)
    await assert.rejects(register(channel, { room: 'kitchen', record, signal }), /did not register/)
    await register(channel, { room: 'kitchen', record, signal })
    await discover(channel, { room: 'kitchen', signal })
    assert.equal(connection.streams.length, 2)
    assert.equal(connection.streams[0]?.status, 'reset')
  })

  it('refuses a reply of more than 1 MiB without reading it', async (t) => {
    const connection = connectionTo(t, async (frames, stream) => {
      await frames.read()
      stream.send(Uint8Array.from([0x81, 0x80, 0x40]))
    })
    const channel = rendezvousChannel(connection)
    await assert.rejects(discover(channel, { room: 'kitchen', signal }), /Message length too long/)
  })

  it('takes an answer of another kind for no answer', async (t) => {
    const channel = rendezvousChannel(connectionTo(t, inTurn([NOBODY])))
    await assert.rejects(
      register(channel, { room: 'kitchen', record, signal }),
      /did not register room "kitchen": a discoverResponse/
    )
  })
})

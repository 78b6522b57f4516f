// The server over pairs of streams, on as much of a node as it uses.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId, PrivateKey, Stream } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { lpStream, streamPair, type LengthPrefixedStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import {
  startRendezvousServer,
  type RendezvousNode,
  type RendezvousOptions
} from '../../../../relay/rendezvous/server.ts'
import type { RegistrationEvent } from '../../../../relay/rendezvous/answers.ts'
import { sealRecord } from '../../../../shared/signed-record.ts'
import {
  decodeMessage,
  encodeMessage,
  STATUS,
  type RendezvousMessage
} from '../../../../shared/wire/rendezvous.ts'

const ada = await generateKeyPair('Ed25519')
const bob = await generateKeyPair('Ed25519')

type Handler = Parameters<RendezvousNode['handle']>[1]
type Listener = Parameters<RendezvousNode['addEventListener']>[1]

/** As much of a node as the server uses. */
class FakeNode implements RendezvousNode {
  handler: Handler | undefined
  isConnected = true
  readonly listeners = new Map<string, Listener>()

  async handle(_protocol: string, handler: Handler): Promise<void> {
    this.handler = handler
  }
  async unhandle(): Promise<void> {
    this.handler = undefined
  }
  getConnections(): unknown[] {
    return this.isConnected ? ['one'] : []
  }
  addEventListener(type: string, listener: Listener): void {
    this.listeners.set(type, listener)
  }
  removeEventListener(type: string): void {
    this.listeners.delete(type)
  }
  emit(type: 'peer:connect' | 'peer:disconnect', peer: PeerId): void {
    this.isConnected = type === 'peer:connect'
    this.listeners.get(type)?.(new CustomEvent(type, { detail: peer }))
  }
}

async function serve(t: TestContext, options: Partial<RendezvousOptions> = {}) {
  const node = new FakeNode()
  const events: RegistrationEvent[] = []
  const { signal } = new AbortController()
  const server = await startRendezvousServer(node, {
    signal,
    onEvent: (event) => events.push(event),
    ...options
  })
  t.after(() => server[Symbol.asyncDispose]())
  const open = async (key: PrivateKey): Promise<Client> => {
    const [near, far] = await streamPair()
    const remotePeer = peerIdFromPrivateKey(key)
    node.handler?.(far, { remotePeer, remoteAddr: multiaddr('/ip4/7.7.7.7/tcp/1') })
    return new Client(near)
  }
  return { node, events, server, open }
}

class Client {
  readonly stream: Stream
  readonly frames: LengthPrefixedStream<Stream>
  readonly closed: Promise<unknown>

  constructor(stream: Stream) {
    this.stream = stream
    this.frames = lpStream(stream)
    this.closed = once(stream, 'close')
  }
  async tell(message: RendezvousMessage): Promise<void> {
    await this.frames.write(encodeMessage(message))
  }
  async hear(): Promise<RendezvousMessage> {
    return decodeMessage((await this.frames.read()).subarray())
  }
  async ask(message: RendezvousMessage): Promise<RendezvousMessage> {
    await this.tell(message)
    return this.hear()
  }
}

async function registration(key: PrivateKey, room = 'kitchen'): Promise<RendezvousMessage> {
  const record = await sealRecord(key, {
    form: 'standard',
    addresses: [multiaddr('/ip4/192.0.2.1/tcp/4001')],
    sequence: 1,
    signal: new AbortController().signal
  })
  return { type: 'register', ns: room, signedPeerRecord: record }
}

describe('rendezvous server', () => {
  it('answers several requests on one stream, in order, and ends when the client does', async (t) => {
    const { events, open } = await serve(t)
    const client = await open(ada)
    await client.tell(await registration(ada))
    await client.tell({ type: 'discover', ns: 'kitchen' })
    await client.tell({ type: 'unregister', ns: 'kitchen' })
    await client.tell({ type: 'discover', ns: 'kitchen' })
    const registered = await client.hear()
    assert.deepEqual(registered, { type: 'registerResponse', status: STATUS.ok, ttlSeconds: 7200 })
    const [before, after] = [await client.hear(), await client.hear()]
    assert.ok(before.type === 'discoverResponse' && after.type === 'discoverResponse')
    assert.equal(before.registrations.length, 1)
    assert.equal(before.registrations[0]?.ns, 'kitchen')
    assert.equal(after.registrations.length, 0)
    await client.stream.close()
    await client.closed
    const peer = peerIdFromPrivateKey(ada).toString()
    const about = { event: 'registration', peer, room: 'kitchen' }
    assert.deepEqual(events, [
      { ...about, action: 'added' },
      { ...about, action: 'removed', reason: 'unregistered' }
    ])
  })

  it('tells once of a peer that registers again', async (t) => {
    const { events, open, server } = await serve(t)
    const client = await open(ada)
    await client.ask(await registration(ada))
    await client.ask(await registration(ada))
    assert.equal(events.length, 1)
    assert.equal(server.size, 1)
  })

  it('refuses a record that another peer signed', async (t) => {
    const { events, open, server } = await serve(t)
    const client = await open(bob)
    const reply = await client.ask(await registration(ada))
    assert.deepEqual(reply, {
      type: 'registerResponse',
      status: STATUS.invalidSignedPeerRecord,
      statusText: 'signed by another peer'
    })
    assert.equal(server.size, 0)
    assert.deepEqual(events, [
      {
        event: 'registration',
        peer: peerIdFromPrivateKey(bob).toString(),
        room: 'kitchen',
        action: 'refused',
        reason: 'signed by another peer'
      }
    ])
    const second = await client.ask(await registration(bob))
    assert.ok(second.type === 'registerResponse' && second.status === STATUS.ok)
  })

  it('refuses a record of more than 16 KiB and a name of more than 255 bytes, with a status each', async (t) => {
    const { events, open } = await serve(t)
    const client = await open(ada)
    const large = await client.ask({
      type: 'register',
      ns: 'kitchen',
      signedPeerRecord: new Uint8Array(16 * 1024 + 1)
    })
    assert.ok(large.type === 'registerResponse')
    assert.equal(large.status, STATUS.invalidSignedPeerRecord)
    const long = await client.ask(await registration(ada, 'x'.repeat(20_000)))
    assert.ok(long.type === 'registerResponse')
    assert.equal(long.status, STATUS.invalidNamespace)
    assert.equal(events[1]?.room.length, 255)
  })

  it('says why it refuses to discover', async (t) => {
    const { open } = await serve(t)
    const client = await open(ada)
    const reply = await client.ask({ type: 'discover' })
    assert.ok(reply.type === 'discoverResponse')
    assert.equal(reply.status, STATUS.notAuthorized)
    assert.match(reply.statusText ?? '', /name the room/)
  })

  const BROKEN: Record<string, Uint8Array> = {
    'a request longer than 64 KiB': Uint8Array.from([0x81, 0x80, 0x04]),
    'a length that does not end': new Uint8Array(10).fill(0xff),
    'bytes that are no message': Uint8Array.from([3, 0xff, 0xff, 0xff]),
    'an empty message': Uint8Array.from([0]),
    'a reply where a request belongs': Uint8Array.from([6, 8, 1, 0x1a, 2, 8, 0])
  }
  for (const [what, bytes] of Object.entries(BROKEN)) {
    it(`resets the stream at ${what}, and goes on serving`, async (t) => {
      const { open } = await serve(t)
      const broken = await open(ada)
      broken.stream.send(bytes)
      await broken.closed
      assert.equal(broken.stream.status, 'reset')
      const reply = await (await open(bob)).ask({ type: 'discover', ns: 'kitchen' })
      assert.equal(reply.type, 'discoverResponse')
    })
  }

  it('resets a stream that ends in the middle of a request', async (t) => {
    const { open } = await serve(t)
    const client = await open(ada)
    client.stream.send(Uint8Array.from([100, 8, 0]))
    await client.stream.close().catch(() => undefined)
    await client.closed
    assert.equal(client.stream.status, 'reset')
  })

  it('resets a stream that stalls in the middle of a request, before it would be idle', async (t) => {
    const { open } = await serve(t, { frames: { stallMs: 20, idleMs: 60_000 } })
    const client = await open(ada)
    client.stream.send(Uint8Array.from([100, 8, 0]))
    await client.closed
    assert.equal(client.stream.status, 'reset')
  })

  it('resets a stream on which nothing is asked', async (t) => {
    const { open } = await serve(t, { frames: { stallMs: 60_000, idleMs: 20 } })
    const client = await open(ada)
    await client.closed
    assert.equal(client.stream.status, 'reset')
  })

  it('removes who has been gone for the grace period, and not who came back', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    let nowMs = 0
    const { node, events, open, server } = await serve(t, { nowMs: () => nowMs })
    await (await open(ada)).ask(await registration(ada))
    const pass = (ms: number): void => {
      nowMs += ms
      t.mock.timers.tick(ms)
    }
    const peer = peerIdFromPrivateKey(ada)
    node.emit('peer:disconnect', peer)
    pass(4000)
    node.emit('peer:connect', peer)
    pass(60_000)
    assert.equal(server.size, 1)
    node.emit('peer:disconnect', peer)
    pass(4000)
    assert.equal(server.size, 1)
    pass(1000)
    assert.equal(server.size, 0)
    const last = events.at(-1)
    assert.equal(last?.action, 'removed')
    assert.equal(last?.reason, 'disconnected for 5 s')
    assert.equal(events.length, 2)
  })

  it('removes who went while the record was being verified', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    let nowMs = 0
    const { node, open, server } = await serve(t, { nowMs: () => nowMs })
    node.emit('peer:disconnect', peerIdFromPrivateKey(ada))
    await (await open(ada)).ask(await registration(ada))
    assert.equal(server.size, 1)
    nowMs = 5000
    t.mock.timers.tick(1000)
    assert.equal(server.size, 0)
  })

  it('tells of registrations whose TTL has ended', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    let nowMs = 0
    const { events, open } = await serve(t, { nowMs: () => nowMs })
    await (await open(ada)).ask(await registration(ada))
    nowMs = 7_200_000
    t.mock.timers.tick(1000)
    assert.equal(events.at(-1)?.action, 'expired')
  })

  it('stops with its signal: streams end, timers and handlers are gone', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const stop = new AbortController()
    let nowMs = 0
    const { node, events, open, server } = await serve(t, {
      signal: stop.signal,
      nowMs: () => nowMs
    })
    const client = await open(ada)
    await client.ask(await registration(ada))
    stop.abort()
    await client.closed
    await server[Symbol.asyncDispose]()
    assert.equal(node.handler, undefined)
    assert.equal(node.listeners.size, 0)
    nowMs = 7_200_000
    t.mock.timers.tick(7_200_000)
    assert.equal(events.length, 1)
  })
})

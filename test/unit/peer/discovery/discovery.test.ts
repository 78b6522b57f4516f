// Discovery against a relay whose answers the test writes: one that forgets, refuses, cuts and fails.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey, Stream, PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { lpStream, streamPair } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { startDiscovery, type DiscoveryConfig } from '../../../../peer/discovery/discovery.ts'
import { sealRecord } from '../../../../shared/signed-record.ts'
import {
  decodeMessage,
  encodeMessage,
  STATUS,
  type DiscoverRequest,
  type DiscoverResponse,
  type RendezvousMessage,
  type WireRegistration
} from '../../../../shared/wire/rendezvous.ts'

const { signal } = new AbortController()
const ROOM = 'kitchen'
const [self, bob] = await Promise.all([generateKeyPair('Ed25519'), generateKeyPair('Ed25519')])
const bobId = peerIdFromPrivateKey(bob).toString()

async function member(key: PrivateKey, port = 1): Promise<WireRegistration> {
  const addresses = [multiaddr(`/ip4/192.0.2.1/tcp/${port}`)]
  const record = await sealRecord(key, { form: 'standard', addresses, sequence: port, signal })
  return { ns: ROOM, signedPeerRecord: record, ttlSeconds: 7200 }
}

function listing(registrations: WireRegistration[], cookie = 'c'): DiscoverResponse {
  return { type: 'discoverResponse', registrations, cookie: Buffer.from(cookie), status: STATUS.ok }
}

/** A relay in whose place the test answers; registrations are granted unless it says otherwise. */
class ScriptedRelay extends EventTarget {
  readonly status = 'open'
  readonly remotePeer = peerIdFromPrivateKey(bob)
  readonly heard: RendezvousMessage[] = []
  readonly #heard = new EventTarget()
  registerStatus: number = STATUS.ok
  answer: (request: DiscoverRequest) => DiscoverResponse = () => listing([])

  async newStream(): Promise<Stream> {
    const [near, far] = await streamPair()
    this.#serve(far).catch((error: Error) => far.abort(error))
    return near
  }

  async #serve(stream: Stream): Promise<void> {
    const frames = lpStream(stream)
    for (;;) {
      const request = decodeMessage((await frames.read()).subarray())
      this.heard.push(request)
      this.#heard.dispatchEvent(new Event('request'))
      if (request.type === 'discover') await frames.write(encodeMessage(this.answer(request)))
      if (request.type !== 'register') continue
      const status = this.registerStatus
      await frames.write(
        encodeMessage({
          type: 'registerResponse',
          status,
          ...(status === 0 && { ttlSeconds: 7200 })
        })
      )
    }
  }

  count(type: RendezvousMessage['type']): number {
    return this.heard.filter((each) => each.type === type).length
  }

  get cookies(): string[] {
    return this.heard.flatMap((each) =>
      each.type === 'discover' ? [Buffer.from(each.cookie ?? []).toString()] : []
    )
  }

  async hears(isEnough: () => boolean): Promise<void> {
    while (!isEnough()) await once(this.#heard, 'request', { signal: AbortSignal.timeout(10_000) })
  }

  /** Once that many more rounds are through, counted by their DISCOVERs. */
  async rounds(count: number): Promise<void> {
    const target = this.count('discover') + count + 1
    await this.hears(() => this.count('discover') >= target)
  }
}

function watch(t: TestContext, relay: ScriptedRelay, options: Partial<DiscoveryConfig> = {}) {
  const told = { peers: [] as string[], gone: [] as string[], errors: [] as string[] }
  const discovery = startDiscovery(
    {
      relay: () => relay,
      room: ROOM,
      privateKey: self,
      addresses: () => [],
      onPeer: (peer) => told.peers.push(peer.toString()),
      onGone: (peer) => told.gone.push(peer.toString()),
      onError: (error) => told.errors.push(error.message),
      pace: { intervalMs: 1, fullIntervalMs: 60_000 },
      ...options
    },
    { signal }
  )
  t.after(() => discovery[Symbol.asyncDispose]())
  return { told, discovery }
}

describe('discovery', () => {
  it('registers in both forms, lists the room, and then asks only for what is new', async (t) => {
    const relay = new ScriptedRelay()
    const members = [await member(self), await member(bob)]
    relay.answer = ({ cookie }) => listing(cookie === undefined ? members : [])
    const { told, discovery } = watch(t, relay)
    await discovery.firstRound
    assert.deepEqual(told.peers, [bobId], 'everyone but itself')
    await relay.rounds(2)
    assert.deepEqual(relay.cookies.slice(0, 3), ['', 'c', 'c'])
    assert.equal(relay.count('register'), 2)
    assert.deepEqual(told, { peers: [bobId], gone: [], errors: [] })
  })

  it('lists the room anew when the relay does not know the cookie, and finds nothing wrong with that', async (t) => {
    const relay = new ScriptedRelay()
    relay.answer = ({ cookie }) =>
      cookie === undefined
        ? listing([])
        : { type: 'discoverResponse', registrations: [], status: STATUS.invalidCookie }
    const { told } = watch(t, relay)
    await relay.rounds(4)
    assert.deepEqual(relay.cookies.slice(0, 5), ['', 'c', '', 'c', ''])
    assert.deepEqual(told.errors, [])
  })

  it('registers again when a listing of the whole room does not have it', async (t) => {
    const relay = new ScriptedRelay()
    watch(t, relay, { pace: { intervalMs: 1, fullIntervalMs: 1 } })
    await relay.hears(() => relay.count('register') >= 4)
  })

  it('does not register again while the relay has it', async (t) => {
    const relay = new ScriptedRelay()
    const members = [await member(self)]
    relay.answer = () => listing(members)
    watch(t, relay, { pace: { intervalMs: 1, fullIntervalMs: 1 } })
    await relay.rounds(5)
    assert.equal(relay.count('register'), 2)
  })

  it('renews its registration when half of the TTL is over', async (t) => {
    const relay = new ScriptedRelay()
    const members = [await member(self)]
    relay.answer = () => listing(members)
    let nowMs = 0
    watch(t, relay, { nowMs: () => nowMs })
    await relay.rounds(2)
    nowMs = 3_599_999
    await relay.rounds(2)
    assert.equal(relay.count('register'), 2)
    nowMs = 3_600_000
    await relay.hears(() => relay.count('register') === 4)
  })

  it('takes nobody for gone who has had no time to come back to a restarted relay', async (t) => {
    const relay = new ScriptedRelay()
    let members = [await member(bob)]
    relay.answer = () => listing(members)
    let nowMs = 0
    const pace = { intervalMs: 1, fullIntervalMs: 0 }
    const { told } = watch(t, relay, { nowMs: () => nowMs, pace, settleMs: 15_000 })
    await relay.rounds(1)
    members = []
    nowMs = 14_999
    await relay.rounds(2)
    assert.deepEqual(told.gone, [])
    nowMs = 15_000
    await relay.rounds(2)
    assert.deepEqual(told.gone, [bobId])
  })

  it('tells of a failure once for each time that it begins', async (t) => {
    const relay = new ScriptedRelay()
    const unavailable: DiscoverResponse = {
      type: 'discoverResponse',
      registrations: [],
      status: STATUS.unavailable
    }
    relay.answer = () => unavailable
    const { told, discovery } = watch(t, relay)
    await assert.rejects(discovery.firstRound, /who is in room "kitchen": unavailable/)
    await relay.rounds(3)
    assert.equal(told.errors.length, 1)
    relay.answer = () => listing([])
    await relay.rounds(2)
    relay.answer = () => unavailable
    await relay.rounds(3)
    assert.equal(told.errors.length, 2)
  })

  it('tells who is there even when it is refused a registration itself', async (t) => {
    const relay = new ScriptedRelay()
    const members = [await member(bob)]
    relay.answer = () => listing(members)
    relay.registerStatus = STATUS.notAuthorized
    const { told, discovery } = watch(t, relay)
    await assert.rejects(discovery.firstRound, /refused to register room "kitchen": not authorized/)
    assert.deepEqual(told.peers, [bobId])
  })

  it('follows the cookies of a room that does not fit into one reply', async (t) => {
    const relay = new ScriptedRelay()
    const page = Array.from({ length: 100 }, () => ({
      ns: ROOM,
      signedPeerRecord: new Uint8Array()
    }))
    const last = [await member(bob)]
    relay.answer = ({ cookie }) => {
      const at = Buffer.from(cookie ?? []).toString()
      return at === '' ? listing(page, '1') : at === '1' ? listing(page, '2') : listing(last, '3')
    }
    const { told, discovery } = watch(t, relay)
    await discovery.firstRound
    assert.deepEqual(relay.cookies.slice(0, 3), ['', '1', '2'])
    assert.deepEqual(told.peers, [bobId])
  })

  it('tells with each listing of the whole room who is still there', async (t) => {
    const relay = new ScriptedRelay()
    const members = [await member(self), await member(bob)]
    relay.answer = () => listing(members)
    const still: string[] = []
    const onStill = (peer: PeerId): void => void still.push(peer.toString())
    const { told } = watch(t, relay, { onStill, pace: { intervalMs: 1, fullIntervalMs: 1 } })
    await relay.rounds(4)
    assert.deepEqual(told.peers, [bobId])
    assert.ok(still.length >= 3 && still.every((each) => each === bobId), still.join())
  })

  it('stops asking when it is disposed, and unregisters', async (t) => {
    const relay = new ScriptedRelay()
    const { discovery } = watch(t, relay)
    await discovery.firstRound
    await discovery[Symbol.asyncDispose]()
    await relay.hears(() => relay.count('unregister') === 1)
    const asked = relay.heard.length
    discovery.refresh()
    await discovery[Symbol.asyncDispose]()
    assert.equal(relay.heard.length, asked)
  })
})

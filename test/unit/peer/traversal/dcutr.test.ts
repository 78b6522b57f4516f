// The exchange of DCUtR over a stream in memory, on both sides, with counterparts that keep to it and that do not.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Stream } from '@libp2p/interface'
import { lpStream, streamPair } from '@libp2p/utils'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { initiate, respond, type Side } from '../../../../peer/traversal/dcutr.ts'
import {
  DCUTR_PROTOCOL,
  decodeDcutr,
  encodeDcutr,
  type DcutrConnect,
  type DcutrMessage
} from '../../../../shared/wire/dcutr.ts'
import { connectionOf } from '../../../support/stream-connection.ts'

const OURS = [multiaddr('/ip4/7.7.7.1/tcp/4001')]
const THEIRS = [multiaddr('/ip4/7.7.7.2/tcp/4002'), multiaddr('/ip4/10.0.0.6/tcp/4002')]
const PATIENCE_MS = 5_000
const signal = (): AbortSignal => AbortSignal.timeout(PATIENCE_MS)
const texts = (addresses: readonly Multiaddr[]): string[] => addresses.map(String)

const connect = (addresses: readonly Multiaddr[]): { type: 'connect' } & DcutrConnect => ({
  type: 'connect',
  addresses: addresses.map(({ bytes }) => bytes)
})

/** The counterpart, spoken by hand. */
function byHand(stream: Stream): {
  write: (message: DcutrMessage) => Promise<void>
  read: () => Promise<DcutrMessage>
} {
  const frames = lpStream(stream)
  return {
    write: async (message) => frames.write(encodeDcutr(message), { signal: signal() }),
    read: async () => decodeDcutr((await frames.read({ signal: signal() })).subarray())
  }
}

const ignoreOffer = (): void => undefined
const side = (own = OURS): { own: Multiaddr[]; onOffer: () => void; signal: AbortSignal } => ({
  own,
  onOffer: ignoreOffer,
  signal: signal()
})

describe('the exchange of DCUtR', () => {
  it('tells both sides what the other offers, and about the same round trip', async () => {
    const [near, far] = await streamPair({ delay: 20 })
    const [started, answered] = await Promise.all([
      initiate(connectionOf(near), side()),
      respond(far, side(THEIRS))
    ])
    assert.deepEqual(texts(started.offered), texts(THEIRS))
    assert.deepEqual(texts(answered.offered), texts(OURS))
    for (const { rttMs } of [started, answered]) assert.ok(rttMs >= 35, `${rttMs} ms`)
  })

  it('begins with our CONNECT and ends with our SYNC when we start it', async () => {
    const [near, far] = await streamPair()
    const them = byHand(far)
    const exchange = initiate(connectionOf(near), side())
    assert.deepEqual(await them.read(), connect(OURS))
    await them.write(connect(THEIRS))
    assert.deepEqual(await them.read(), { type: 'sync' })
    assert.deepEqual(texts((await exchange).offered), texts(THEIRS))
  })

  it('tells each side what the other one’s NAT does, where that is known', async () => {
    const [near, far] = await streamPair()
    const heard: Array<Uint8Array | undefined> = []
    const telling = (own: Multiaddr[], nat: () => Promise<Uint8Array | undefined>): Side => ({
      ...side(own),
      nat,
      onOffer: (_, theirs) => heard.push(theirs)
    })
    await Promise.all([
      initiate(
        connectionOf(near),
        telling(OURS, async () => Uint8Array.of(8, 1))
      ),
      respond(
        far,
        telling(THEIRS, async () => {
          throw new Error('no relay answers')
        })
      )
    ])
    assert.deepEqual(heard, [Uint8Array.of(8, 1), undefined])
  })

  it('does not count as a round trip what the other side takes to learn of its NAT', async () => {
    const [near, far] = await streamPair({ delay: 20 })
    const [started, answered] = await Promise.all([
      initiate(connectionOf(near), side()),
      respond(far, { ...side(THEIRS), nat: async () => sleep(400, undefined) })
    ])
    for (const { rttMs } of [started, answered])
      assert.ok(rttMs >= 35 && rttMs < 400, `${rttMs} ms`)
  })

  it('has no round trip below nothing, whatever the other side claims to have waited', async () => {
    const [near, far] = await streamPair()
    const them = byHand(far)
    const exchange = initiate(connectionOf(near), side())
    await them.read()
    await them.write({ ...connect(THEIRS), heldMs: 2 ** 40 })
    assert.equal((await exchange).rttMs, 0)
  })

  it('opens its stream over a relay without waiting for the protocol to be agreed', async () => {
    const [near, far] = await streamPair()
    const opened: unknown[] = []
    const exchange = initiate(
      connectionOf(near, (...args) => opened.push(...args)),
      side()
    )
    await byHand(far).write(connect(THEIRS))
    await exchange
    const [protocols, options] = opened
    assert.deepEqual(protocols, [DCUTR_PROTOCOL])
    assert.partialDeepStrictEqual(options, { runOnLimitedConnection: true, optimistic: true })
  })

  it('says what is offered before it sends what makes the other side dial', async () => {
    const order: string[] = []
    const [near, far] = await streamPair()
    const them = byHand(far)
    const answering = respond(near, { ...side(), onOffer: () => order.push('offer known') })
    await them.write(connect(THEIRS))
    await them.read()
    order.push('CONNECT received')
    await them.write({ type: 'sync' })
    await answering
    assert.deepEqual(order, ['offer known', 'CONNECT received'])
  })

  it('does not end for the one who answers before SYNC has come', async () => {
    const [near, far] = await streamPair()
    const them = byHand(far)
    let dialling = false
    const answering = respond(near, side()).then(() => (dialling = true))
    await them.write(connect(THEIRS))
    await them.read()
    assert.equal(dialling, false)
    await them.write({ type: 'sync' })
    await answering
  })

  it('passes over addresses that are none', async () => {
    const [near, far] = await streamPair()
    const them = byHand(far)
    const junk = [Uint8Array.of(255, 255, 255), Uint8Array.of(4, 1)]
    const addresses = [...junk, ...THEIRS.map(({ bytes }) => bytes)]
    await them.write({ type: 'connect', addresses })
    const answering = respond(near, side())
    await them.write({ type: 'sync' })
    assert.deepEqual(texts((await answering).offered), texts(THEIRS))
  })
})

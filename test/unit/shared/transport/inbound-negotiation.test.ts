// What others propose in multistream-select, answered as the specification says; beside the library's own dialler.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import type { Connection, Libp2pEvents, MessageStream, Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import * as fc from 'fast-check'
import { TypedEventEmitter } from 'main-event'
import { Uint8ArrayList } from 'uint8arraylist'
import {
  inboundNegotiation,
  negotiateInbound
} from '../../../../shared/transport/inbound-negotiation.ts'
import {
  encodeLine,
  isReceiver,
  MULTISTREAM,
  proposal,
  type Receiver
} from '../../../../shared/transport/multistream-answer.ts'
import { NegotiationError } from '../../../../shared/transport/negotiation-guard.ts'
import { collect } from '../../../support/noise-pair.ts'
import { anyBytes, inPieces } from '../../../support/mutations.ts'

const PROTOCOL = '/test/1.0.0'
const IDENTIFY = '/ipfs/id/1.0.0'
const ENDLESS = new Uint8Array(20).fill(0xff)

interface Asked {
  stream: MessageStream & Receiver
  agreed: Promise<string>
  /** What the other side has been answered. */
  answered: () => Buffer
}

/** Negotiates with whoever is behind the other end of a pair. */
async function asked(early?: Uint8Array): Promise<Asked & { near: Stream }> {
  const [near, far] = await streamPair()
  assert.ok(isReceiver(far))
  if (early !== undefined) far.onData(early)
  const { bytes } = collect(near)
  const agreed = negotiateInbound(far, [PROTOCOL, IDENTIFY])
  agreed.catch(() => undefined)
  return { near, stream: far, agreed, answered: bytes }
}

/** All that has arrived and waits for a reader. */
const waiting = ({ stream }: Asked): Buffer => Buffer.from(stream.readBuffer?.subarray() ?? [])

const settled = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a negotiation that others begin', () => {
  it('agrees to a protocol that is spoken, in whatever pieces, and leaves what follows to it', async () => {
    const anything = fc.uint8Array({ maxLength: 200 })
    await fc.assert(
      fc.asyncProperty(anything, fc.array(fc.nat(300)), async (behind, cuts) => {
        const talk = await asked()
        const bytes = Buffer.concat([proposal('/none'), proposal(PROTOCOL), behind])
        for (const piece of inPieces(bytes, cuts)) talk.stream.onData(piece)
        assert.equal(await talk.agreed, PROTOCOL)
        assert.deepEqual(waiting(talk), Buffer.from(behind))
      }),
      { numRuns: 30 }
    )
  })

  it('answers each line in its turn, and at once when several come at once', async () => {
    const talk = await asked()
    talk.stream.onData(Buffer.concat([proposal('/none'), encodeLine(PROTOCOL)]))
    await once(talk.near, 'message')
    const lines = [MULTISTREAM, 'na', PROTOCOL].map(encodeLine)
    assert.deepEqual(talk.answered(), Buffer.concat(lines))
  })

  it('lists what is spoken to those who ask', async () => {
    const talk = await asked()
    talk.stream.onData(encodeLine('ls'))
    await once(talk.near, 'message')
    const list = Buffer.concat([encodeLine(PROTOCOL), encodeLine(IDENTIFY), Buffer.from('\n')])
    assert.deepEqual(talk.answered(), Buffer.concat([Uint8Array.of(list.byteLength), list]))
  })

  it('takes what came before anybody listened, with what comes then', async () => {
    const bytes = Buffer.concat([proposal(PROTOCOL), Buffer.from('first')])
    const talk = await asked(bytes.subarray(0, 9))
    talk.stream.onData(new Uint8ArrayList(bytes.subarray(9, 20), bytes.subarray(20)))
    talk.stream.onData(Buffer.from(' then'))
    assert.equal(await talk.agreed, PROTOCOL)
    assert.equal(waiting(talk).toString(), 'first then')
  })

  it('ends a stream whose lengths, lines or pieces do not end as they must, and keeps nothing of it', async () => {
    const drops = inPieces(
      Buffer.concat(Array.from({ length: 30 }, () => encodeLine('/a/protocol'))),
      Array.from({ length: 1000 }, (_, n) => n)
    )
    const many = Buffer.concat(Array.from({ length: 40 }, () => encodeLine('/none')))
    const unended = Buffer.from('\u0003abc')
    const cases: Array<[pieces: Uint8Array[], status: string]> = [
      [[ENDLESS], 'aborted'],
      [[unended], 'aborted'],
      // Behind a refusal.
      [[proposal('/none'), ENDLESS], 'open'],
      [drops, 'open'],
      [[many], 'open']
    ]
    for (const [pieces, status] of cases) {
      const talk = await asked()
      for (const piece of pieces) if (talk.stream.status === 'open') talk.stream.onData(piece)
      assert.equal(talk.stream.status, status)
      await assert.rejects(talk.agreed, NegotiationError)
      assert.equal(waiting(talk).byteLength, 0)
    }
  })

  it('follows lengths beyond the protocol where the library reads them, and only there', async () => {
    for (const [protocol, status] of [
      [PROTOCOL, 'open'],
      [IDENTIFY, 'aborted']
    ] as const) {
      const talk = await asked()
      talk.stream.onData(proposal(protocol))
      assert.equal(await talk.agreed, protocol)
      talk.stream.onData(ENDLESS)
      assert.equal(talk.stream.status, status)
    }
  })

  it('is over when the remote ends before a protocol, but not by an end that comes with it', async () => {
    const gone = await asked()
    await gone.near.close()
    await assert.rejects(gone.agreed, NegotiationError)
    const reset = await asked()
    reset.stream.abort(new Error('reset by the network'))
    await assert.rejects(reset.agreed, /reset by the network/)
    const last = await asked()
    assert.ok('onRemoteCloseWrite' in last.stream)
    assert.ok(typeof last.stream.onRemoteCloseWrite === 'function')
    last.stream.onRemoteCloseWrite()
    last.stream.onData(proposal(PROTOCOL))
    assert.equal(await last.agreed, PROTOCOL)
  })

  it('is over at once on a stream that is over already, whatever it holds', async () => {
    for (const early of [undefined, proposal(PROTOCOL).subarray(0, 9), Buffer.from('\u0003abc')]) {
      const [, far] = await streamPair()
      assert.ok(isReceiver(far))
      if (early !== undefined) far.onData(early)
      far.abort(new Error('reset by the network'))
      await assert.rejects(negotiateInbound(far, [PROTOCOL]), NegotiationError)
    }
  })

  it('neither throws nor hangs at bytes of any kind', async () => {
    const valid = [proposal(PROTOCOL), encodeLine('ls'), proposal('/none')]
    await fc.assert(
      fc.asyncProperty(anyBytes(valid), fc.array(fc.nat(300)), async (bytes, cuts) => {
        const talk = await asked()
        for (const piece of inPieces(bytes, cuts)) {
          if (talk.stream.status === 'open') talk.stream.onData(piece)
        }
        talk.stream.abort(new Error('over'))
        await talk.agreed.catch((error: unknown) => assert.ok(error instanceof Error))
        await settled()
      }),
      { numRuns: 50 }
    )
  })
})

/** As far as incoming streams touch one. */
function isConnection(made: object): made is Connection {
  return 'muxer' in made && 'onIncomingStream' in made
}

/** With one connection, whose handler of streams takes for ever. */
function node(): { takes: (stream: Stream) => void; handled: Stream[] } {
  const events = new TypedEventEmitter<Libp2pEvents>()
  const muxer = new EventTarget()
  const handled: Stream[] = []
  const onIncomingStream = async ({ detail }: CustomEvent<Stream>): Promise<void> => {
    handled.push(detail)
    return Promise.withResolvers<void>().promise
  }
  const registrar = { getProtocols: () => [PROTOCOL] }
  inboundNegotiation()({ events, registrar })
  const connection: object = { muxer, onIncomingStream }
  assert.ok(isConnection(connection))
  events.safeDispatchEvent('connection:open', { detail: connection })
  const takes = (detail: Stream): void => {
    muxer.dispatchEvent(new CustomEvent('stream', { detail }))
  }
  return { takes, handled }
}

describe('the service of a node that negotiates what others begin', () => {
  it('ends a stream on which nothing is agreed within 10 s, and leaves its handler all the time', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { takes, handled } = node()
    const [[, silent], [, talking]] = await Promise.all([streamPair(), streamPair()])
    for (const stream of [silent, talking]) takes(stream)
    assert.ok(isReceiver(talking))
    talking.onData(proposal(PROTOCOL))
    while (handled.length === 0) await settled()
    assert.deepEqual(handled, [talking])
    t.mock.timers.tick(60_000)
    assert.deepEqual([silent.status, talking.status], ['aborted', 'open'])
  })

  it('lets other sockets have a turn before the first stream of a kind is handled, and none of the next', async () => {
    const { takes, handled } = node()
    const [[, first], [, second]] = await Promise.all([streamPair(), streamPair()])
    const handledInTurn = async (stream: Stream): Promise<boolean> => {
      takes(stream)
      assert.ok(isReceiver(stream))
      stream.onData(proposal(PROTOCOL))
      await settled()
      return handled.includes(stream)
    }
    assert.equal(await handledInTurn(first), false)
    await settled()
    assert.deepEqual(handled, [first])
    assert.equal(await handledInTurn(second), true)
  })

  it('lets a remote that began without an answer read that it was refused, for 2 s at most', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const [near, far] = await streamPair()
    const { bytes } = collect(near)
    node().takes(far)
    assert.ok(isReceiver(far))
    far.onData(Buffer.concat([proposal('/none'), Buffer.from('\u0003abc')]))
    far.onData(ENDLESS)
    await settled()
    assert.deepEqual(bytes(), Buffer.concat([MULTISTREAM, 'na'].map(encodeLine)))
    assert.deepEqual([far.status, near.status], ['open', 'open'])
    t.mock.timers.tick(2_000)
    assert.equal(far.status, 'aborted')
  })
})

// What ends an exchange of DCUtR early: the failed step is named, the stream is over, nothing waits for ever.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { lpStream, streamPair } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { initiate, respond } from '../../../../peer/traversal/dcutr.ts'
import { encodeDcutr } from '../../../../shared/wire/dcutr.ts'
import { connectionOf } from '../../../support/stream-connection.ts'

const ignoreOffer = (): void => undefined
const patience = (): AbortSignal => AbortSignal.timeout(5_000)
const OURS = [multiaddr('/ip4/7.7.7.1/tcp/4001')]

const CONNECT = encodeDcutr({ type: 'connect', addresses: [] })
const SYNC = encodeDcutr({ type: 'sync' })
const MANY = encodeDcutr({
  type: 'connect',
  addresses: Array.from({ length: 300 }, () => Uint8Array.of(4, 7, 7, 7, 2, 6, 16, 225))
})

async function send(stream: Stream, frame: Uint8Array): Promise<void> {
  await lpStream(stream).write(frame, { signal: patience() })
}

const CASES: Array<{
  what: string
  misbehave: (stream: Stream) => Promise<void> | void
  answering: RegExp
  starting: RegExp
}> = [
  {
    what: 'SYNC where CONNECT belongs',
    misbehave: async (stream) => send(stream, SYNC),
    answering: /^failed to read CONNECT: the other side sent SYNC where CONNECT belongs/,
    starting: /^failed to read CONNECT: the other side sent SYNC where CONNECT belongs/
  },
  {
    what: 'hundreds of addresses',
    misbehave: async (stream) => send(stream, MANY),
    answering: /^failed to read CONNECT: a message with 300 addresses, the limit is 64/,
    starting: /^failed to read CONNECT: a message with 300 addresses, the limit is 64/
  },
  {
    what: 'a frame over 4 KiB',
    misbehave: async (stream) => send(stream, new Uint8Array(4097)),
    answering: /^failed to read CONNECT: a message is longer than 4096 bytes/,
    starting: /^failed to read CONNECT: a message is longer than 4096 bytes/
  },
  {
    what: 'a length without end',
    misbehave: (stream) => void stream.send(new Uint8Array(20).fill(0xff)),
    answering: /^failed to read CONNECT: a message is longer than 4096 bytes/,
    starting: /^failed to read CONNECT: a message is longer than 4096 bytes/
  },
  {
    what: 'more than belongs into an exchange',
    misbehave: (stream) => void stream.send(new Uint8Array(16_384)),
    answering: /^failed to read CONNECT: .*overflow/i,
    starting: /^failed to read CONNECT: .*overflow/i
  },
  {
    what: 'a message that breaks off',
    misbehave: async (stream) => send(stream, CONNECT.subarray(0, 1)),
    answering: /^failed to read CONNECT: a message that ends in the middle of a field/,
    starting: /^failed to read CONNECT: a message that ends in the middle of a field/
  },
  {
    what: 'half a frame and then the end of the stream',
    misbehave: async (stream) => {
      stream.send(Uint8Array.of(12, 8, 100))
      await stream.close()
    },
    answering: /^failed to read CONNECT: /,
    starting: /^failed to read CONNECT: /
  },
  {
    what: 'an empty frame',
    misbehave: (stream) => void stream.send(Uint8Array.of(0)),
    answering: /^failed to read CONNECT: a message without a type/,
    starting: /^failed to read CONNECT: a message without a type/
  },
  {
    what: 'a stream that is reset',
    misbehave: (stream) => stream.abort(new Error('no')),
    answering: /^failed to read CONNECT: /,
    starting: /^failed to (read|send) CONNECT: /
  }
]

describe('an exchange of DCUtR that is not kept to', () => {
  for (const { what, misbehave, answering, starting } of CASES) {
    it(`ends for the one who answers at ${what}`, async () => {
      const [near, far] = await streamPair()
      const exchange = respond(near, { own: OURS, onOffer: ignoreOffer, signal: patience() })
      await Promise.all([
        misbehave(far),
        assert.rejects(exchange, { name: 'DcutrStepError', message: answering })
      ])
      assert.notEqual(near.status, 'open')
    })

    it(`ends for the one who started it at ${what}`, async () => {
      const [near, far] = await streamPair()
      const signal = patience()
      const exchange = initiate(connectionOf(near), { own: OURS, onOffer: ignoreOffer, signal })
      await Promise.all([
        misbehave(far),
        assert.rejects(exchange, { name: 'DcutrStepError', message: starting })
      ])
      assert.notEqual(near.status, 'open')
    })
  }

  it('ends at CONNECT where SYNC belongs', async () => {
    const [near, far] = await streamPair()
    const exchange = respond(near, { own: OURS, onOffer: ignoreOffer, signal: patience() })
    const frames = lpStream(far)
    await Promise.all([
      frames.writeV([CONNECT, CONNECT], { signal: patience() }),
      assert.rejects(exchange, {
        message: 'failed to read SYNC: the other side sent CONNECT where SYNC belongs'
      })
    ])
  })

  for (const [what, sent, step] of [
    ['before CONNECT', [], 'read CONNECT'],
    ['before SYNC', [CONNECT], 'read SYNC']
  ] as const) {
    it(`ends at its deadline when the other side stalls ${what}`, async () => {
      const [near, far] = await streamPair()
      const deadline = new AbortController()
      const exchange = respond(near, { own: OURS, onOffer: ignoreOffer, signal: deadline.signal })
      const rejected = assert.rejects(exchange, {
        name: 'DcutrStepError',
        step,
        message: new RegExp(`^failed to ${step}: `)
      })
      const frames = lpStream(far)
      for (const frame of sent) {
        await frames.write(frame, { signal: patience() })
        await frames.read({ signal: patience() })
      }
      deadline.abort(new Error('too late'))
      await rejected
      assert.notEqual(near.status, 'open', 'the stream is not left to itself')
    })
  }

  it('ends at its deadline when nobody answers the one who started it', async () => {
    const [near] = await streamPair()
    const signal = AbortSignal.timeout(50)
    const exchange = initiate(connectionOf(near), { own: OURS, onOffer: ignoreOffer, signal })
    await assert.rejects(exchange, { step: 'read CONNECT' })
    assert.notEqual(near.status, 'open')
  })

  it('names the step when no stream can be opened', async () => {
    const exchange = initiate(connectionOf(new Error('the connection is closed')), {
      own: OURS,
      onOffer: ignoreOffer,
      signal: patience()
    })
    await assert.rejects(exchange, {
      message: 'failed to open /libp2p/dcutr: the connection is closed'
    })
  })
})

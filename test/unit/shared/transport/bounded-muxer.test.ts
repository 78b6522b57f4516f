// What a muxer takes from a remote that sends frames without an end, or takes no answers. Over pairs in memory.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { MultiaddrConnection, Stream, StreamMuxer } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { boundedMuxer } from '../../../../shared/transport/bounded-muxer.ts'
import { dataFrame, FLAG, FRAME, yamuxHeader } from '../../../support/raw-yamux.ts'

const MAX_FRAME_BYTES = 1000

interface Muxed {
  muxer: StreamMuxer
  /** Its connection, from the inside. */
  near: MultiaddrConnection
  receive: (bytes: Uint8Array) => void
  streams: Stream[]
}

function muxed(): Muxed {
  const [near] = multiaddrConnectionPair({ delay: 0 })
  near.direction = 'inbound'
  const factory = boundedMuxer(yamux({ enableKeepAlive: false }), {
    maxFrameBytes: MAX_FRAME_BYTES
  })
  const muxer = factory({}).createStreamMuxer(near)
  const streams: Stream[] = []
  muxer.addEventListener('stream', ({ detail }) => streams.push(detail))
  assert.ok('onData' in near && typeof near.onData === 'function')
  const receive = near.onData.bind(near)
  return { muxer, near, receive, streams }
}

describe('a muxer with bounds', () => {
  it('takes a frame as large as may be, in pieces', () => {
    const { near, receive, streams } = muxed()
    const frame = dataFrame(1, Buffer.alloc(MAX_FRAME_BYTES, 1), FLAG.syn)
    receive(frame.subarray(0, 500))
    receive(frame.subarray(500))
    assert.equal(near.status, 'open')
    assert.equal(streams.length, 1)
  })

  it('ends with a frame that becomes larger, before it is complete', () => {
    const { near, receive, muxer } = muxed()
    receive(yamuxHeader(FRAME.data, FLAG.syn, 1, 2 ** 32 - 1))
    receive(Buffer.alloc(MAX_FRAME_BYTES))
    assert.equal(near.status, 'open')
    receive(Buffer.alloc(1))
    assert.equal(near.status, 'aborted')
    assert.equal(muxer.status, 'closed')
  })

  it('answers any number of pings while the answers are taken', async () => {
    const { near, receive } = muxed()
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < 2000; n++) receive(yamuxHeader(FRAME.ping, FLAG.syn, 0, n))
      if (near.writableNeedsDrain) await once(near, 'drain', { signal: AbortSignal.timeout(5_000) })
    }
    assert.equal(near.status, 'open')
  })

  it('ends when it is asked and asked and its answers are not taken', () => {
    const { near, receive } = muxed()
    assert.ok('writableNeedsDrain' in near)
    near.writableNeedsDrain = true
    for (let n = 0; n < 4096; n++) receive(yamuxHeader(FRAME.ping, FLAG.syn, 0, n))
    assert.equal(near.status, 'open')
    receive(yamuxHeader(FRAME.ping, FLAG.syn, 0, 1))
    assert.equal(near.status, 'aborted')
    // What had arrived in the same piece is not worth an exception.
    receive(yamuxHeader(FRAME.ping, FLAG.syn, 0, 1))
  })

  it('resets a stream of its own that is answered without end', async () => {
    const { muxer, receive } = muxed()
    const stream = await muxer.createStream()
    receive(dataFrame(2, Buffer.alloc(50, 0xff)))
    assert.equal(stream.status, 'aborted')
  })
})
